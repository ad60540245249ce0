"""Submission files of the MEGC challenges: reading, writing and checking them."""
