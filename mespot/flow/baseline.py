"""The neutral level of every signal: where the face rests, estimated and not assumed.

Neutral drifts over minutes (posture, light, mood), and a short video may be in an expression most
of the time, so that a rolling median would call the expression neutral. What makes a state
neutral is that the face comes back to it: the level is the densest spot that the whole signal
vector visits within a window longer than the longest expression (mean shift).
"""

from __future__ import annotations

import numpy as np

_POINTS = 120  # samples of a window that are compared, each with each
_SHIFTS = 8  # mean-shift steps at either width
_OVERLAP = 4  # windows that hold any moment
_WIDE, _NARROW = 0.35, 0.15  # quantiles of the squared distances, as squared widths of the kernel


def neutral_level(
    signal: np.ndarray, time: np.ndarray, usable: np.ndarray, window: float
) -> np.ndarray:
    """Estimate the neutral level.

    Args:
        signal: (N, D), channels in one unit.
        time: (N,) s.
        usable: (N,) bool, samples that may count (a face, no blink).
        window: s; the level moves no faster than this.

    Returns:
        (N, D) level, linear between windows that overlap by three quarters.
    """
    count = len(signal)
    seconds = float(time[-1] - time[0])
    places = max(1, int(np.ceil(_OVERLAP * (seconds - window) / window)) + 1)
    middle = 0.5 * seconds
    edge = min(0.5 * window, middle)
    centres = time[0] + np.linspace(edge, max(seconds - edge, edge), places)
    knots, levels = [], []
    for centre in centres:
        first, last = np.searchsorted(time, [centre - 0.51 * window, centre + 0.51 * window])
        near = slice(first, last)
        inside = first + np.flatnonzero(
            (np.abs(time[near] - centre) <= 0.5 * window) & usable[near]
        )
        if inside.size == 0:
            continue
        inside = inside[np.unique(np.linspace(0, inside.size - 1, _POINTS).round().astype(int))]
        knots.append(centre)
        levels.append(_densest(signal[inside]))
    if not levels:
        return np.zeros_like(signal)
    table = np.stack(levels)  # (knots, D)
    level = np.empty((count, table.shape[1]))
    for own, column in zip(level.T, table.T, strict=True):
        own[:] = np.interp(time, knots, column)
    return level


def _densest(points: np.ndarray) -> np.ndarray:
    square = (points**2).sum(axis=1)
    gaps = np.maximum(square[:, None] + square[None] - 2.0 * points @ points.T, 0.0)
    # first wide, so that rest before and after counts together though it differs a little; then
    # narrow, so that the flanks of expressions do not pull
    wide, narrow = np.quantile(gaps, [_WIDE, _NARROW]) + 1e-12
    level = points[np.argmax(np.exp(-0.5 * gaps / wide).sum(axis=1))]
    for width in (wide, narrow):
        for _ in range(_SHIFTS):
            weight = np.exp(-0.5 * ((points - level) ** 2).sum(axis=1) / width)
            level = weight @ points / weight.sum()
    return level
