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


def flank_width(length: float) -> float:
    """Length of a flank in s: long enough for a stable mean, short enough to be local."""
    return float(np.clip(FLANK * length, 0.1, 0.6))


def bump_contrast(boxes: BoxMeans, length: float) -> np.ndarray:
    """Two-sided contrast of bumps of ``length`` seconds around every sample.

    Args:
        boxes: running integral of (N, K) signals.
        length: s.

    Returns:
        (N, K) signed contrast in the unit of the signals; 0 where the sides disagree.
    """
    inside, before, after = three_means(boxes, length)
    rise, fall = inside - before, inside - after
    smaller = np.where(np.abs(rise) < np.abs(fall), rise, fall)
    return np.where(rise * fall > 0.0, smaller, 0.0)


def three_means(boxes: BoxMeans, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means inside, before and after bumps of ``length`` seconds, each (N, K)."""
    half, flank = 0.5 * length, flank_width(length)
    inside = boxes.mean(-INSIDE * half, INSIDE * half)
    return inside, boxes.mean(-half - flank, -half), boxes.mean(half, half + flank)
