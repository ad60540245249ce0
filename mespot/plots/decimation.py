"""Fewer points for long signals, without losing a peak."""

from __future__ import annotations

import numpy as np
from einops import rearrange


def decimate(time: np.ndarray, values: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Replace a long signal by the smallest and largest value of each stretch.

    A drawn line then touches the same pixels as the full signal; taking every k-th sample instead
    would drop a micro-expression of some frames.

    Args:
        time: (N,) rising.
        values: (N,) or (N, K); NaN = no value.
        bins: number of stretches.

    Returns:
        times (M,) and values (M,) or (M, K) with M <= 2 * bins (+ 2); the input where it is short.
    """
    count = time.size
    if count <= 2 * bins:
        return time, values
    size = -(-count // bins)
    padding = (-count) % size
    fill = np.full((padding, *values.shape[1:]), np.nan)
    stacked = rearrange(
        np.concatenate([values, fill]), "(bin sample) ... -> bin sample ...", sample=size
    )
    known = ~np.isnan(stacked)
    low = np.where(known, stacked, np.inf).min(axis=1)
    high = np.where(known, stacked, -np.inf).max(axis=1)
    pairs = rearrange([low, high], "end bin ... -> (bin end) ...")
    pairs[~np.isfinite(pairs)] = np.nan
    first = time[::size]
    last = np.append(first[1:], time[-1])
    return rearrange([first, (first + last) / 2], "end bin -> (bin end)"), pairs


def runs_of_true(flags: np.ndarray) -> np.ndarray:
    """Find the runs of True.

    Args:
        flags: (N,) bool.

    Returns:
        (K, 2) first and last index of each run, inclusive.
    """
    padded = np.concatenate([[False], np.asarray(flags, dtype=bool), [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
    return edges - [0, 1]
