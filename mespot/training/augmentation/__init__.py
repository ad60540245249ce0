"""Random changes of clips."""
