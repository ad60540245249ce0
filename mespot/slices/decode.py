"""From a score over time to intervals."""

from __future__ import annotations

import numpy as np


def runs_above(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Runs of moments with a score at or above a threshold.

    Args:
        scores: (T,) scores.
        threshold: lowest score that counts.

    Returns:
        (n, 2) first and last index of every run, inclusive.
    """
    above = np.concatenate(([False], np.asarray(scores) >= threshold, [False]))
    edge = np.flatnonzero(above[1:] != above[:-1])
    return np.stack([edge[0::2], edge[1::2] - 1], axis=1)


def merge_runs(runs: np.ndarray, gap: int) -> np.ndarray:
    """Join runs that are at most ``gap`` moments apart.

    Args:
        runs: (n, 2) inclusive indices, increasing.
        gap: largest number of moments between two runs that are joined.
    """
    if len(runs) < 2:
        return runs
    breaks = np.flatnonzero(runs[1:, 0] - runs[:-1, 1] - 1 > gap)
    first = np.concatenate(([0], breaks + 1))
    last = np.concatenate((breaks, [len(runs) - 1]))
    return np.stack([runs[first, 0], runs[last, 1]], axis=1)


def decode(
    scores: np.ndarray,
    rate: float,
    threshold: float,
    min_length: float,
    max_length: float,
    merge_gap: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a score over time into intervals.

    Args:
        scores: (T,) scores in [0, 1] on an even time grid that starts at 0 s.
        rate: moments per second.
        threshold: score from which on a moment belongs to an interval.
        min_length: shorter intervals are dropped, seconds.
        max_length: longer intervals are dropped, seconds.
        merge_gap: shorter gaps are closed, seconds.

    Returns:
        (n, 2) onset and offset in seconds (first and last moment), and (n,) the highest score
        inside each.
    """
    runs = merge_runs(runs_above(scores, threshold), int(round(merge_gap * rate)))
    length = (runs[:, 1] - runs[:, 0] + 1) / rate
    runs = runs[(length >= min_length) & (length <= max_length)]
    peak = np.array([scores[first : last + 1].max() for first, last in runs], dtype=np.float64)
    return runs / rate, peak
