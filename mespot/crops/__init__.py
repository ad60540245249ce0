"""Aligned crops on disk, their alignment, and clips cut out of them."""
