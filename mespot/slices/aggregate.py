"""From slice scores to a score over time."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

AGGREGATES = ("weighted", "mean", "max")
"""How the slices that cover a moment make up its score."""


def frame_scores(
    start: np.ndarray,
    scores: np.ndarray,
    length: float,
    rate: float,
    count: int,
    aggregate: str = "weighted",
) -> np.ndarray:
    """Make one score per moment of the scores of the slices that cover it.

    ``weighted``: a slice speaks most for its middle, its weight falls linearly from the centre to
    its ends (triangular window), so that the peak of the result lies on the event. ``mean``: all
    covering slices count alike. ``max``: the highest of them rules. Time and memory grow with the
    number of moments, not with moments x slices.

    Args:
        start: (n,) start times of the slices, seconds, increasing.
        scores: (n, C) scores.
        length: length of a slice, seconds.
        rate: moments per second; moment ``i`` lies at ``i / rate`` seconds.
        count: number of moments.
        aggregate: one of ``AGGREGATES``.

    Returns:
        (count, C) scores; moments that no slice covers take the nearest slice's.
    """
    scores = np.asarray(scores, dtype=np.float64)
    centre = np.asarray(start) + length / 2.0
    reach = int(np.ceil(length / 2.0 * rate))
    offset = np.arange(-reach, reach + 1)
    index = np.round(centre * rate).astype(np.int64)[:, None] + offset[None, :]  # (n, W)
    distance = np.abs(index / rate - centre[:, None])
    weight = np.maximum(1.0 - distance / (length / 2.0), 0.0)
    inside = (index >= 0) & (index < count) & (weight > 0)
    row = np.broadcast_to(np.arange(len(centre))[:, None], index.shape)[inside]
    index, weight = index[inside], weight[inside]
    bare = np.bincount(index, weight, minlength=count) <= 1e-9
    if aggregate == "max":
        result = np.full((count, scores.shape[1]), -np.inf)
        np.maximum.at(result, index, scores[row])
    else:
        weight = weight if aggregate == "weighted" else np.ones_like(weight)
        total = np.bincount(index, weight, minlength=count)
        summed = [
            np.bincount(index, weight * scores[row, column], minlength=count)
            for column in range(scores.shape[1])
        ]
        result = np.stack(summed, axis=1) / np.where(bare, 1.0, total)[:, None]
    if bare.any():
        time = np.flatnonzero(bare) / rate
        nearest = np.clip(np.searchsorted(centre, time), 1, max(len(centre) - 1, 1))
        left = np.abs(time - centre[nearest - 1])
        right = np.abs(time - centre[np.minimum(nearest, len(centre) - 1)])
        nearest = np.where(left <= right, nearest - 1, np.minimum(nearest, len(centre) - 1))
        result[bare] = scores[nearest]
    return result


def smooth_scores(scores: np.ndarray, sigma: float, rate: float) -> np.ndarray:
    """Smooth scores over time with a Gaussian.

    Args:
        scores: (T, ...) scores on an even time grid.
        sigma: width, seconds; 0 changes nothing.
        rate: moments per second.
    """
    if sigma <= 0 or len(scores) < 2:
        return scores
    return gaussian_filter1d(scores, sigma * rate, axis=0, mode="nearest")
