"""Faces: detection, landmarks, alignment, the crop archive."""
