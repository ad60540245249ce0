"""Import of other people's encoder weights: read safely, rename, check, write as mespot's own."""
