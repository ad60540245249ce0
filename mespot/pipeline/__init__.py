"""One function per stage: reads params and inputs, calls the package, writes the outputs."""
