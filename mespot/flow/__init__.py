"""Flow branch: region displacement signals and the intervals found in them."""
