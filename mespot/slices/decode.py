"""From a score over time to intervals, for one video or for many laid end to end."""

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


def hysteresis(scores: np.ndarray, threshold: float, low: float) -> np.ndarray:
    """Runs above ``low`` that reach ``threshold``: found by the peak, bounded by the flanks.

    Args:
        scores: (T,) scores.
        threshold: score that a run has to reach somewhere.
        low: score, at most ``threshold``, at which a run begins and ends.

    Returns:
        (n, 2) inclusive indices.
    """
    runs = runs_above(scores, low)
    return runs if low >= threshold else runs[peaks(scores, runs) >= threshold]


def peaks(scores: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Highest score inside each run.

    Args:
        scores: (T,) scores.
        runs: (n, 2) inclusive indices, increasing, without overlap.
    """
    if not len(runs):
        return np.zeros(0)
    padded = np.append(scores, -np.inf)  # the end of the last run is an index, too
    return np.maximum.reduceat(padded, (runs + [0, 1]).ravel())[::2]


def merge_runs(runs: np.ndarray, gap: int, video: np.ndarray | None = None) -> np.ndarray:
    """Join runs that are at most ``gap`` moments apart.

    Args:
        runs: (n, 2) inclusive indices, increasing.
        gap: largest number of moments between two runs that are joined.
        video: (n,) video of each run where several lie end to end: they are never joined.
    """
    if len(runs) < 2:
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] - 1 > gap
    if video is not None:
        apart |= video[1:] != video[:-1]
    breaks = np.flatnonzero(apart)
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
    low: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a score over time into intervals.

    Args:
        scores: (T,) scores in [0, 1] on an even time grid that starts at 0 s.
        rate: moments per second.
        threshold: score that an interval has to reach.
        min_length: shorter intervals are dropped, seconds.
        max_length: longer intervals are dropped, seconds.
        merge_gap: shorter gaps are closed, seconds.
        low: share of ``threshold`` at which an interval begins and ends; 1 = at the threshold.

    Returns:
        (n, 2) onset and offset in seconds (first and last moment), and (n,) the highest score
        inside each.
    """
    runs = hysteresis(scores, threshold, low * threshold)
    runs = merge_runs(runs, gap_moments(merge_gap, rate))
    runs = runs[fitting(runs, rate, min_length, max_length)]
    return runs / rate, peaks(scores, runs)


def gap_moments(merge_gap: float, rate: float) -> int:
    """Number of moments in a gap of ``merge_gap`` seconds."""
    return int(round(merge_gap * rate))


def fitting(runs: np.ndarray, rate: float, min_length: float, max_length: float) -> np.ndarray:
    """Tell which runs are neither too short nor too long; lengths in seconds."""
    length = (runs[:, 1] - runs[:, 0] + 1) / rate
    return (length >= min_length) & (length <= max_length)


def stretched(scores: np.ndarray) -> np.ndarray:
    """Scores of a video relative to its own range: 0 at its median, 1 at its highest.

    A threshold on these is relative to the video, as in the published spotting methods that set
    it between the mean and the highest score.
    """
    middle, top = float(np.median(scores)), float(np.max(scores))
    return (scores - middle) / max(top - middle, 1e-9)
