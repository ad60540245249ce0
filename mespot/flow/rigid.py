"""Head motion that the alignment left over: estimated on the anchors, taken off every region.

Six numbers per frame: shift, roll and scale (a similarity), and yaw and pitch, which move a point
in proportion to its depth (parallax of the nose against the eye corners). They are fitted by
iteratively re-weighted least squares, so that a wrinkled nose or a lid beside an anchor does not
drag the head along.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.flow.regions import ANCHORS

_ROUNDS = 6  # of reweighting
_PRIOR = 0.02  # IOD^2, beside the anchors' depths; keeps yaw and pitch near 0
_UNUSUAL = 2.0  # times the usual residual that counts at most as a frame's spread
_BLOCK = 2048  # frames fitted at a time: a long video's normal equations take room


@dataclass(frozen=True)
class HeadFit:
    """Residual head motion per frame.

    Attributes:
        motion: (N, 6) shift x, shift y in IOD, roll in rad, log scale, yaw, pitch in rad.
        residual: (N,) root mean square of what the fit leaves at the anchors, IOD.
        displacement: (N, R, 2) displacement of the expressive regions without the head, IOD.
    """

    motion: np.ndarray
    residual: np.ndarray
    displacement: np.ndarray


def design(centres: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Return (P, 2, 6): how points at ``centres`` (P, 2) and ``depths`` (P,) move with the head."""
    x, y = np.asarray(centres, dtype=np.float64).T
    zero, one = np.zeros_like(x), np.ones_like(x)
    across = np.stack([one, zero, -y, x, depths, zero], axis=-1)
    down = np.stack([zero, one, x, y, zero, depths], axis=-1)
    return np.stack([across, down], axis=1)  # (P, 2, 6)


def remove_head(
    displacement: np.ndarray, centres: np.ndarray, depths: np.ndarray, expressive: int
) -> HeadFit:
    """Fit the head on the anchors and subtract it.

    Args:
        displacement: (N, R + A, 2) IOD, anchors last; no NaN.
        centres: (R + A, 2) IOD.
        depths: (R + A,) IOD.
        expressive: R, the number of expressive regions.
    """
    basis = design(centres, depths)  # (R + A, 2, 6)
    anchors = basis[expressive:]
    seen = displacement[:, expressive:]  # (N, A, 2)
    trust = np.array([region.trust for region in ANCHORS])
    weight = np.broadcast_to(trust, seen.shape[:2])
    # a face as flat as the prior's depth says nothing about yaw and pitch: keep them near 0 then
    prior = np.diag([0.0, 0.0, 0.0, 0.0, 1.0, 1.0]) * _PRIOR
    down = anchors.reshape(-1, 6)  # (A * 2, 6)
    squares = np.einsum("adi,adj->aij", anchors, anchors).reshape(len(anchors), -1)  # (A, 36)
    motion, left = np.empty((len(seen), 6)), np.empty(seen.shape[:2])
    for _ in range(_ROUNDS):
        for first in range(0, len(seen), _BLOCK):
            part = slice(first, first + _BLOCK)
            normal = (weight[part] @ squares).reshape(-1, 6, 6) + prior
            weighted = (weight[part, :, None] * seen[part]).reshape(len(normal), -1)  # (n, A * 2)
            motion[part] = np.linalg.solve(normal, (weighted @ down)[..., None])[..., 0]
            off = seen[part] - (motion[part] @ down.T).reshape(seen[part].shape)
            left[part] = np.sqrt((off**2).sum(axis=-1))
        # an expression raises the residual of its own frames only: the whole video tells what is
        # usual, so that the anchors that it drags along lose their weight
        spread = np.median(left, axis=1, keepdims=True)
        spread = np.clip(spread, 1e-4, _UNUSUAL * np.median(spread) + 1e-4)
        weight = trust / (1.0 + (left / (2.0 * spread)) ** 2)
    moved = motion @ basis[:expressive].reshape(-1, 6).T  # (N, R * 2)
    free = displacement[:, :expressive] - moved.reshape(-1, expressive, 2)
    return HeadFit(motion, np.sqrt((left**2).mean(axis=1)), free)
