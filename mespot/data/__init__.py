"""Data sets: adapters of the official layouts, index tables, frame decoding."""
