"""What blinks and head turns leave in the regions of one particular face, learned and removed.

The average depths of ``regions`` and the estimator's smoothness are only roughly right for a given
face: some of every turn and of every blink stays in brows and cheeks, always in the same
proportion. The proportions are regressed per video, on changes over a short time, so that an
expression that is held while the head happens to be turned does not count as caused by the turn.
"""

from __future__ import annotations

import numpy as np

_ROUNDS = 8  # of reweighting
_RIDGE = 20.0  # per sample of lag; keeps slopes of rare nuisances near 0
_CHANNELS = 10  # regressed at a time: a long video's weights take room


def leak(
    signal: np.ndarray, nuisance: np.ndarray, floor: np.ndarray, usable: np.ndarray, lag: int
) -> np.ndarray:
    """Return the part of ``signal`` that goes with ``nuisance``.

    Robust ridge regression (Cauchy weights per sample and channel) of lagged differences.

    Args:
        signal: (N, D).
        nuisance: (N, Q).
        floor: (Q,) size of a change of each nuisance that is mere noise; nuisances that never
            change more than this are left alone.
        usable: (N,) bool, samples that may teach.
        lag: samples between the two ends of a change.

    Returns:
        (N, D) to subtract from ``signal``; zero where nuisance is zero.
    """
    if len(signal) <= 2 * lag:
        return np.zeros_like(signal)
    scaled = nuisance / floor
    both = usable[lag:] & usable[:-lag]
    change_q = (scaled[lag:] - scaled[:-lag])[both]
    if len(change_q) <= 2 * nuisance.shape[1]:
        return np.zeros_like(signal)
    squares = (change_q[:, :, None] * change_q[:, None]).reshape(len(change_q), -1)  # (n, Q * Q)
    slope = np.empty((signal.shape[1], nuisance.shape[1]))  # (D, Q)
    for first in range(0, len(slope), _CHANNELS):
        own = signal[:, first : first + _CHANNELS].T
        change_y = (own[:, lag:] - own[:, :-lag])[:, both]  # (d, n)
        slope[first : first + _CHANNELS] = _slopes(change_y, change_q, squares, lag)
    return scaled @ slope.T


def _slopes(
    change_y: np.ndarray, change_q: np.ndarray, squares: np.ndarray, lag: int
) -> np.ndarray:
    """Regress changes (d, n) on those of the nuisances (n, Q); (d, Q)."""
    ridge = _RIDGE * lag * np.eye(change_q.shape[1])
    weight = np.ones_like(change_y)
    for _ in range(_ROUNDS):
        normal = (weight @ squares).reshape(-1, *ridge.shape) + ridge  # (d, Q, Q)
        right = (weight * change_y) @ change_q  # (d, Q)
        slope = np.linalg.solve(normal, right[..., None])[..., 0]  # (d, Q)
        left = np.abs(change_y - slope @ change_q.T)
        spread = 1.4826 * np.median(left, axis=1, keepdims=True) + 1e-9
        weight = 1.0 / (1.0 + (left / (3.0 * spread)) ** 2)
    return slope
