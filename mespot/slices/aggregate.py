"""From slice scores to a score over time."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d


def frame_scores(
    start: np.ndarray, scores: np.ndarray, length: float, rate: float, count: int
) -> np.ndarray:
    """Average the scores of the slices that cover each moment.

    A slice speaks most for its middle: its weight falls linearly from the centre to its ends
    (triangular window), so that the peak of the result lies on the event. Time and memory grow
    with the number of moments, not with moments x slices.

    Args:
        start: (n,) start times of the slices, seconds, increasing.
        scores: (n, C) scores.
        length: length of a slice, seconds.
        rate: moments per second; moment ``i`` lies at ``i / rate`` seconds.
        count: number of moments.

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
    total = np.bincount(index, weight, minlength=count)
    summed = np.stack(
        [
            np.bincount(index, weight * scores[row, column], minlength=count)
            for column in range(scores.shape[1])
        ],
        axis=1,
    )
    bare = total <= 1e-9
    if bare.any():
        time = np.flatnonzero(bare) / rate
        nearest = np.clip(np.searchsorted(centre, time), 1, max(len(centre) - 1, 1))
        left = np.abs(time - centre[nearest - 1])
        right = np.abs(time - centre[np.minimum(nearest, len(centre) - 1)])
        nearest = np.where(left <= right, nearest - 1, np.minimum(nearest, len(centre) - 1))
        summed[bare], total[bare] = scores[nearest], 1.0
    return summed / total[:, None]


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
