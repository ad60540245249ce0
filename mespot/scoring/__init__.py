"""Scoring of prediction files that others made."""
