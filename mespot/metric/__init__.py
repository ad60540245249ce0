"""MEGC metric in pure NumPy: matching, counts, subject bootstrap."""
