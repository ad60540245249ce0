"""Pictures: timelines, F1, confusion matrices."""
