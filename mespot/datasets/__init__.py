"""Data sets: adapters of the published ones, repairs, the index."""
