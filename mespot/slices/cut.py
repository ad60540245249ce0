"""Cutting a video into slices of one length."""

from __future__ import annotations

import numpy as np


def slice_starts(duration: float, length: float, step: float) -> np.ndarray:
    """Start times of the slices of a video.

    Slices follow each other at ``step * length``; the last one ends with the video, so that no
    stretch is left out. A video shorter than a slice gives one slice, centred on it.

    Args:
        duration: length of the video, seconds.
        length: length of a slice, seconds.
        step: distance of slices as a fraction of their length.

    Returns:
        (n,) start times in seconds, increasing.
    """
    if duration <= length:
        return np.array([(duration - length) / 2.0])
    starts = np.arange(0.0, duration - length, step * length)
    last = duration - length
    if starts.size == 0 or last - starts[-1] > 1e-9:
        starts = np.append(starts, last)
    return starts
