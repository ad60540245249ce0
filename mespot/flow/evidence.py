"""Evidence for an expression at every time and length, in noise SDs of this very video.

The noise of every facial action and length is measured on the video itself: most stretches of a
video hold no expression of that length. Blinks and fast heads disturb: the skin around the eyes,
and through the fit of the head, whose anchors lie there, everything else. How much, each action's
own peaks at those moments tell; there its noise counts as larger, so that they raise no alarm by
themselves while an expression that stands out is still seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mespot.flow.actions import Directions, make_actions
from mespot.flow.contrast import INSIDE, two_sided, two_sides
from mespot.flow.filters import BoxMeans

if TYPE_CHECKING:
    from mespot.params.flow import FlowParams

_QUIET = 0.6
"""Quantile of |contrast| that tells the noise."""
_QUANTILE_SD = 0.62
"""Where that quantile lies for white noise, in SDs of the contrast's differences."""
_PEAK_SD = 1.4
"""Where the peak of a blink or of a fast head movement is assumed to lie, in the same SDs."""
_FEW = 3
"""So many of them tell what is usual; of fewer, one may lie in an expression."""
_BLINK_LENGTH = 1.2  # s; blinks are too short to disturb longer bumps
_BLOCK = 1 << 15  # values worked on at a time, so that they stay near the processor


@dataclass(frozen=True)
class Evidence:
    """Evidence of one video at the tried lengths.

    Attributes:
        lengths: (L,) s.
        level: (L, N) strongest action in noise SDs, times the trust in its direction.
        action: (L, N) its index; -1 - index where the movement goes against the direction.
        directions: the directions of the actions.
        floor: smallest noise SD that was assumed, IOD.
    """

    lengths: np.ndarray
    level: np.ndarray
    action: np.ndarray
    directions: Directions
    floor: float

    def name(self, length: int, sample: int) -> str:
        """Name of the strongest action at one length and sample."""
        index = int(self.action[length, sample])
        names = self.directions.names if index >= 0 else self.directions.opposites
        return names[index] if index >= 0 else names[-1 - index]


class Samples(Protocol):
    """The part of ``FlowSignals`` that evidence is measured on; N samples, R regions."""

    time: np.ndarray  # (N,) s
    displacement: np.ndarray  # (N, R, 2) IOD from neutral
    confidence: np.ndarray  # (N,) 0 to 1
    blink: np.ndarray  # (N,) 0 to 1
    head_motion: np.ndarray  # (N,) IOD/s
    evidence: Evidence | None  # if it was measured already

    @property
    def step(self) -> float:
        """Time between samples, s."""


def tried_lengths(params: FlowParams) -> np.ndarray:
    """Lengths of expressions that are looked for, (L,) s: a quarter of an e-fold apart."""
    count = 1 + round(np.log(params.longest / params.shortest) / 0.25)
    return np.geomspace(params.shortest, params.longest, count)


def evidence_of(signals: Samples, params: FlowParams) -> Evidence:
    """Return the evidence that made the signals' strength if it is at hand, else measure it."""
    lengths, known = tried_lengths(params), signals.evidence
    if (
        known is not None
        and known.floor == params.noise_floor
        and np.array_equal(known.lengths, lengths)
    ):
        return known
    return measure_evidence(signals, lengths, params.noise_floor)


def measure_evidence(signals: Samples, lengths: np.ndarray, floor: float) -> Evidence:
    """Measure evidence at all lengths.

    Args:
        signals: of one video.
        lengths: (L,) s.
        floor: smallest noise SD, IOD.
    """
    directions = make_actions()
    both_ways = np.array([opposite != "" for opposite in directions.opposites])
    count = len(signals.time)
    seen = signals.confidence > 0.0
    usable = np.flatnonzero(seen)
    weights = directions.weights.reshape(len(both_ways), -1)  # (K, R * 2)
    part_of = weights.any(axis=0)
    moved = signals.displacement.reshape(count, -1)[:, part_of].T  # (D, N)
    weights = weights[:, part_of]
    size = max(1, _BLOCK // count)
    boxes = [BoxMeans(moved[at : at + size], signals.step) for at in range(0, len(moved), size)]
    rise, fall = np.empty(moved.shape), np.empty(moved.shape)
    blink = BoxMeans(signals.blink, signals.step)
    speed = BoxMeans(signals.head_motion, signals.step)
    level = np.zeros((len(lengths), count))
    action = np.zeros((len(lengths), count), dtype=np.int64)
    for number, length in enumerate(lengths):
        for at, some in enumerate(boxes):
            part = slice(at * size, (at + 1) * size)
            rise[part], fall[part] = two_sides(some, float(length))
        disturbances = _disturbances(blink, speed, float(length), usable)
        for first in range(0, len(weights), size):
            part = slice(first, first + size)
            along, back = weights[part] @ rise, weights[part] @ fall  # (k, N)
            contrast = two_sided(along, back)
            noise = np.maximum(_spread(contrast, usable), floor) ** 2  # (k,)
            total = noise[:, None]
            for one in disturbances:
                added = np.maximum(_disturbed(contrast, one.chosen) ** 2 - noise, 0.0)
                if added.any():
                    total = total + one.amount * added[:, None]
            contrast *= directions.trust[part, None] / np.sqrt(total)
            for index, (ratio, sign) in enumerate(zip(contrast, along, strict=True), first):
                higher = np.flatnonzero(ratio > level[number])
                against = sign[higher] < 0.0
                if not both_ways[index]:
                    higher, against = higher[~against], False
                level[number, higher] = ratio[higher]
                action[number, higher] = np.where(against, -1 - index, index)
    level[:, ~seen] = 0.0
    return Evidence(np.asarray(lengths), level, action, directions, floor)


@dataclass(frozen=True)
class _Disturbance:
    """Something that makes the noise larger for a while.

    Attributes:
        amount: (N,) how much of the variance that it adds holds at every sample.
        chosen: samples that tell how much it adds, ascending.
    """

    amount: np.ndarray
    chosen: np.ndarray


def _disturbances(
    blink: BoxMeans, speed: BoxMeans, length: float, usable: np.ndarray
) -> list[_Disturbance]:
    """What disturbs bumps of one length: blinks and a fast head."""
    half, found = 0.5 * length, []
    if length <= _BLINK_LENGTH:
        closed = blink.mean(-INSIDE * half, INSIDE * half)
        found.append(_disturbance(closed, usable[closed[usable] > 0.2]))
    fast = speed.mean(-half, half)
    limit = max(float(np.quantile(fast, 0.85)), 0.15)
    found.append(_disturbance(fast / limit, usable[fast[usable] > limit]))
    return [one for one in found if one.chosen.size]


def _disturbance(amount: np.ndarray, chosen: np.ndarray) -> _Disturbance:
    return _Disturbance(np.minimum(amount, 2.0) ** 2, chosen)


def _disturbed(contrast: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Noise SD (k,) of contrasts (k, N) that goes with a disturbance, by its usual peak.

    The eye is shut for a small part of a blink only, and an expression may fall on one of them:
    the median over all of the largest contrast in each tells what they do by themselves.
    """
    begins = np.flatnonzero(np.diff(chosen, prepend=-2) > 1)
    if len(begins) < _FEW:
        return _spread(contrast, chosen)
    peaks = np.maximum.reduceat(contrast[:, chosen], begins, axis=1)  # (k, disturbances)
    return np.median(peaks, axis=1) / _PEAK_SD


def _spread(contrast: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Noise SD (k,) of contrasts (k, N), from some of the samples."""
    # negated: many values are 0, and a partition is slow when equal ones come first
    negated = -(contrast if len(chosen) == contrast.shape[1] else contrast[:, chosen])
    count = negated.shape[1]
    place = _QUIET * (count - 1)
    below = int(place)
    at = max(count - 2 - below, 0)
    negated.partition(at, axis=1)
    high, low = -negated[:, at], -negated[:, count - 1 - below :].min(axis=1)
    return (low + (high - low) * (place - below)) / _QUANTILE_SD
