"""Which slices are worth the model's time, by what the flow branch saw."""

from __future__ import annotations

import numpy as np


def open_slices(
    start: np.ndarray, length: float, time: np.ndarray, strength: np.ndarray, gate: float
) -> np.ndarray:
    """Tell which slices the flow branch does not rule out.

    A slice is open when the evidence of movement reaches the gate in it or within half its length
    before or after, so that the flanks of an expression are scored, too.

    Args:
        start: (n,) start of each slice, seconds.
        length: length of the slices, seconds.
        time: (N,) times of the flow samples, seconds, rising.
        strength: (N,) evidence of an expression, noise SDs.
        gate: smallest evidence; 0 opens every slice.

    Returns:
        (n,) True for open slices; without any sample nearby a slice is closed.
    """
    if gate <= 0:
        return np.ones(len(start), dtype=bool)
    moved = np.concatenate(([0], np.cumsum(np.asarray(strength) >= gate)))
    first = np.searchsorted(time, np.asarray(start) - 0.5 * length, side="left")
    last = np.searchsorted(time, np.asarray(start) + 1.5 * length, side="right")
    return moved[last] > moved[first]
