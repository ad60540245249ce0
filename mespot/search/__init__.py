"""Search of granularity, slice length and decoding for the model branch."""
