"""Evidence for an expression at every time and length, in noise SDs of this very video.

The noise of every facial action and length is measured on the video itself: most stretches of a
video hold no expression of that length. Blinks disturb the skin around the eyes and fast heads
disturb everything; there the noise counts as larger, so that they raise no alarm by themselves
while an expression elsewhere in the face is still seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mespot.flow.actions import Directions, make_actions
from mespot.flow.contrast import INSIDE, bump_contrast
from mespot.flow.filters import BoxMeans

if TYPE_CHECKING:
    from mespot.flow.signals import FlowSignals
    from mespot.params.flow import FlowParams

_QUIET = 0.6
"""Quantile of |contrast| that tells the noise."""
_QUANTILE_SD = 0.62
"""Where that quantile lies for white noise, in SDs of the contrast's differences."""
_BLINK_LENGTH = 1.2
_AROUND_EYES = ("brow", "glabella", "infraorbital", "cheek")


@dataclass(frozen=True)
class Evidence:
    """Evidence of one video at the tried lengths.

    Attributes:
        lengths: (L,) s.
        level: (L, N) strongest action in noise SDs.
        action: (L, N) its index; -1 - index where the movement goes against the direction.
        directions: the directions of the actions.
    """

    lengths: np.ndarray
    level: np.ndarray
    action: np.ndarray
    directions: Directions

    def name(self, length: int, sample: int) -> str:
        """Name of the strongest action at one length and sample."""
        index = int(self.action[length, sample])
        names = self.directions.names if index >= 0 else self.directions.opposites
        return names[index] if index >= 0 else names[-1 - index]


def tried_lengths(params: FlowParams) -> np.ndarray:
    """Lengths of expressions that are looked for, (L,) s: a quarter of an e-fold apart."""
    count = 1 + round(np.log(params.longest / params.shortest) / 0.25)
    return np.geomspace(params.shortest, params.longest, count)


def measure_evidence(signals: FlowSignals, lengths: np.ndarray, floor: float) -> Evidence:
    """Measure evidence at all lengths.

    Args:
        signals: of one video.
        lengths: (L,) s.
        floor: smallest noise SD, IOD.
    """
    directions = make_actions()
    weights = directions.weights
    both_ways = np.array([opposite != "" for opposite in directions.opposites])
    eyes = np.array([name.startswith(_AROUND_EYES) for name in signals.regions])
    near_eyes = (weights[:, eyes] ** 2).sum(axis=(1, 2))  # (K,) weights have unit length
    boxes = BoxMeans(np.einsum("nrd,krd->nk", signals.displacement, weights), signals.step)
    blink = BoxMeans(signals.blink, signals.step)
    speed = BoxMeans(signals.head_motion, signals.step)
    usable = signals.confidence > 0.0
    level, action = [], []
    for length in lengths:
        signed = bump_contrast(boxes, float(length))  # (N, K)
        contrast = np.abs(signed)
        half = 0.5 * float(length)
        noise = np.maximum(_spread(contrast, usable), floor) ** 2  # (K,)
        total = np.broadcast_to(noise, contrast.shape)
        if length <= _BLINK_LENGTH:
            closed = blink.mean(-INSIDE * half, INSIDE * half)
            total = total + _extra(contrast, noise, closed, usable & (closed > 0.2), near_eyes)
        fast = speed.mean(-half, half)
        limit = max(float(np.quantile(fast, 0.85)), 0.15)
        total = total + _extra(contrast, noise, fast / limit, usable & (fast > limit), 1.0)
        ratio = np.where(both_ways | (signed > 0.0), contrast, 0.0) / np.sqrt(total)
        ratio[~usable] = 0.0
        best = ratio.argmax(axis=1)
        every = np.arange(len(best))
        level.append(ratio[every, best])
        action.append(np.where(signed[every, best] >= 0.0, best, -1 - best))
    return Evidence(np.asarray(lengths), np.stack(level), np.stack(action), directions)


def _spread(contrast: np.ndarray, chosen: np.ndarray, share: float = _QUIET) -> np.ndarray:
    if not chosen.any():
        return np.zeros(contrast.shape[1])
    return np.quantile(contrast[chosen], share, axis=0) / _QUANTILE_SD


def _extra(
    contrast: np.ndarray, noise: np.ndarray, amount: np.ndarray, chosen: np.ndarray,
    share: np.ndarray | float,
) -> np.ndarray:  # fmt: skip
    """Variance (N, K) that a disturbance adds: its own spread, by its amount at every sample."""
    added = np.maximum(_spread(contrast, chosen) ** 2 - noise, 0.0) * share
    return np.minimum(amount, 2.0)[:, None] ** 2 * added
