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

_ROUNDS = 6
_PRIOR = 0.02
_UNUSUAL = 2.0


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
    for _ in range(_ROUNDS):
        normal = np.einsum("na,adi,adj->nij", weight, anchors, anchors) + prior
        right = np.einsum("na,adi,nad->ni", weight, anchors, seen)
        motion = np.linalg.solve(normal, right[..., None])[..., 0]  # (N, 6)
        left = np.linalg.norm(seen - np.einsum("adi,ni->nad", anchors, motion), axis=-1)
        # an expression raises the residual of its own frames only: the whole video tells what is
        # usual, so that the anchors that it drags along lose their weight
        spread = np.median(left, axis=1, keepdims=True)
        spread = np.clip(spread, 1e-4, _UNUSUAL * np.median(spread) + 1e-4)
        weight = trust / (1.0 + (left / (2.0 * spread)) ** 2)
    free = displacement[:, :expressive] - np.einsum("rdi,ni->nrd", basis[:expressive], motion)
    return HeadFit(motion, np.sqrt((left**2).mean(axis=1)), free)
