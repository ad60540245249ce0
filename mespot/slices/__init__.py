"""Slices: cutting, scoring, frame scores, decoding to intervals."""
