"""How much of an interval is spoken."""

from __future__ import annotations

import numpy as np

SPEAKS = 0.5
"""Probability of speech from which on a person speaks."""


def speech_share(speech: np.ndarray, onset: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return the share of each interval's frames in which the person speaks, (n,) in [0, 1].

    Args:
        speech: (frames,) probability of speech at every source frame.
        onset: (n,) first frames, 0-based.
        offset: (n,) last frames, inclusive.
    """
    before = np.concatenate([[0], np.cumsum(speech >= SPEAKS)])  # spoken frames before each frame
    return (before[offset + 1] - before[onset]) / (offset + 1.0 - onset)
