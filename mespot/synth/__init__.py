"""Embedded data: rendered face videos in the official layouts."""
