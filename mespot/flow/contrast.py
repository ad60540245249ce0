"""How much a stretch of time stands out from the time just before and just after it.

An expression is a bump: the face goes somewhere and comes back. For every direction (facial
action), length and position the mean inside is compared with the flanks on both sides, and the
smaller of both differences counts. A one-sided step, a slow drift and the slope of a longer
movement have none.
"""

from __future__ import annotations

import numpy as np

from mespot.flow.filters import BoxMeans

INSIDE = 0.5
"""Share of an event's length whose mean is compared with the flanks."""
FLANK = 0.3
"""Length of a flank as a share of the event's length."""


def flank_width(length: float | np.ndarray) -> float | np.ndarray:
    """Length of a flank in s: long enough for a stable mean, short enough to be local."""
    return np.clip(FLANK * length, 0.1, 0.6)


def two_sides(boxes: BoxMeans, length: float) -> tuple[np.ndarray, np.ndarray]:
    """How far bumps of ``length`` seconds around every sample are off their flanks.

    Args:
        boxes: running integral of (D, N) signals.
        length: s.

    Returns:
        mean inside less the mean before, and less the mean after; each (D, N), linear in the
        signals.
    """
    half, flank = 0.5 * length, flank_width(length)
    inside = boxes.mean(-INSIDE * half, INSIDE * half)
    before, after = boxes.mean(-half - flank, -half), boxes.mean(half, half + flank)
    return np.subtract(inside, before, out=before), np.subtract(inside, after, out=after)


def two_sided(rise: np.ndarray, fall: np.ndarray) -> np.ndarray:
    """Size of the smaller of both differences; 0 where the sides disagree."""
    lower, upper = np.minimum(rise, fall), np.maximum(rise, fall)
    return np.maximum(np.maximum(lower, np.negative(upper, out=upper), out=lower), 0.0, out=lower)
