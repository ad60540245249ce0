"""Spotting in one's own videos: one video, many of them, overlay, served model."""
