"""Stretches of time in which a face may do something: many, so that none is missed.

No rest level is assumed. A channel (``mespot.flow.channels``) that lies above a height for a while
makes a stretch, at every height and in both directions, so that a hold, an expression that ends at
a new rest and one that begins before the video each have theirs. From where the channel leaves
that height the edges go on down its flanks to where the movement begins and ends. Small movements,
which drown in the heights of large ones, are looked for in the same way after the slow part of the
channel was taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.flow.bumps import Bumps
from mespot.flow.channels import AWAY, MEASURED, NAMES, Channels
from mespot.flow.filters import BoxMeans, robust_sd
from mespot.flow.ranges import RangeMax, RangeMean

SHORTEST = 0.1
"""Shortest stretch, s."""
LONGEST = 15.0
"""Longest stretch, s: the annotators of long videos rarely mark longer ones."""
_HEIGHT = 0.012  # IOD between a stretch's peak and its feet
_STEP = 0.01  # IOD between heights
_MOST_HEIGHTS = 60  # of one channel, bounds the work on wild ones
_EDGE = 0.12  # share of the height of a flank at which a movement begins or ends
_SLOW = 1.5  # s over which the slow part of a channel is averaged
_SMALL = (0.0035, 0.012)  # IOD, least height of small movements, whatever the noise
_SMALL_NOISE = 5.0  # and in noise SDs of the channel
_SMALL_LONGEST = 1.2  # s
_ALIKE = 0.25  # stretches whose ends differ by less, as a share of their length, are one
_FLAT = 1e-4  # IOD; a flank may rise by so much on its way down


@dataclass(frozen=True)
class Proposals:
    """Stretches of one video, n of them.

    Attributes:
        first: (n,) int64 first sample.
        last: (n,) int64 last sample, inclusive.
        sign: (n,) int64 1 where the channel is high, -1 where it is low.
        channel: (n,) int64 index into ``mespot.flow.channels.NAMES``.
    """

    first: np.ndarray
    last: np.ndarray
    sign: np.ndarray
    channel: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def part(self, chosen: slice | np.ndarray) -> Proposals:
        """Return some of them."""
        return Proposals(
            self.first[chosen], self.last[chosen], self.sign[chosen], self.channel[chosen]
        )


def propose(channels: Channels, bumps: Bumps, step: float) -> Proposals:
    """List the stretches of one video.

    Args:
        channels: of the video.
        bumps: of the video; each is a stretch of the channel that moves most in it.
        step: time between samples, s.

    Returns:
        ordered by first sample.
    """
    parts = [_of_bumps(channels, bumps)]
    for number, name in enumerate(NAMES):
        values = channels.values[:, number]
        quick = values - BoxMeans(values, step).mean(-0.15, 0.15)
        least = float(np.clip(_SMALL_NOISE * robust_sd(quick), *_SMALL))
        for sign in (1,) if name in AWAY else (1, -1):
            first, last = _stretches(sign * values, step, least)
            parts.append(
                Proposals(first, last, np.full(len(first), sign), np.full(len(first), number))
            )
    names = ("first", "last", "sign", "channel")
    found = Proposals(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    return found.part(np.argsort(found.first, kind="stable"))


def _of_bumps(channels: Channels, bumps: Bumps) -> Proposals:
    first, end = bumps.first, bumps.last + 1
    means = RangeMean(channels.values[:, : len(MEASURED)])
    flank = np.maximum(1, (end - first) // 3)
    around = 0.5 * (means.over(first - flank, first) + means.over(end, end + flank))
    move = means.over(first + (end - first) // 4, end - (end - first) // 4) - around  # (B, K)
    channel = np.abs(move).argmax(axis=1)
    sign = np.where(np.take_along_axis(move, channel[:, None], axis=1)[:, 0] < 0.0, -1, 1)
    return Proposals(first, bumps.last, sign, channel)


def _stretches(values: np.ndarray, step: float, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Stretches (first, last) in which one channel (N,) is high."""
    low, high = float(values.min()), float(values.max())
    gap = max(_STEP, (high - low) / _MOST_HEIGHTS)
    begins, ends = _runs(values, np.arange(low + 0.3 * gap, high, gap), step, LONGEST)
    slow = values - BoxMeans(values, step).mean(-0.5 * _SLOW, 0.5 * _SLOW)
    heights = least * 2.0 ** np.arange(-1, 4)
    some = _runs(slow, heights[heights < slow.max(initial=0.0)], step, _SMALL_LONGEST)
    small = np.repeat([False, True], [len(begins), len(some[0])])
    begins, ends = np.concatenate([begins, some[0]]), np.concatenate([ends, some[1]])
    if not len(begins):
        return begins, ends
    peak = RangeMax(values).over(begins, ends + 1)
    foot_l, foot_r = _feet(values, begins, ends)
    rise, fall = peak - values[foot_l], peak - values[foot_r]
    high_enough = np.maximum(rise, fall) >= np.where(small, least, _HEIGHT)
    keep = high_enough & (np.minimum(rise, fall) >= 0.0)
    begins, ends, peak, foot_l, foot_r = (
        part[keep] for part in (begins, ends, peak, foot_l, foot_r)
    )
    rise, fall = rise[keep], fall[keep]
    far_l = _cross(values, foot_l, begins, values[foot_l] + _EDGE * rise)
    far_r = (
        len(values)
        - 1
        - _cross(
            values[::-1],
            len(values) - 1 - foot_r,
            len(values) - 1 - ends,
            values[foot_r] + _EDGE * fall,
        )
    )
    first = np.concatenate([begins, far_l, far_l, begins])
    last = np.concatenate([ends, far_r, ends, far_r])
    length = (last - first + 1) * step
    keep = (length >= SHORTEST) & (length <= LONGEST)
    return _distinct(values, first[keep], last[keep])


def _runs(
    values: np.ndarray, heights: np.ndarray, step: float, longest: float
) -> tuple[np.ndarray, np.ndarray]:
    """First and last samples of all runs above each height."""
    begins, ends = [], []
    for height in heights.tolist():
        change = np.diff((values > height).view(np.int8), prepend=0, append=0)
        begins.append(np.flatnonzero(change == 1))
        ends.append(np.flatnonzero(change == -1) - 1)
    if not begins:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first, last = np.concatenate(begins), np.concatenate(ends)
    length = (last - first + 1) * step
    keep = (length >= SHORTEST) & (length <= longest)
    return first[keep], last[keep]


def _feet(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples at which the flanks before ``first`` and after ``last`` end, going down."""
    index = np.arange(len(values))
    rising = np.empty(len(values), bool)  # a new flank begins here, seen from the right
    rising[0], rising[1:] = True, values[:-1] > values[1:] + _FLAT
    left = np.maximum.accumulate(np.where(rising, index, 0))
    falling = np.empty(len(values), bool)
    falling[-1], falling[:-1] = True, values[1:] > values[:-1] + _FLAT
    right = np.minimum.accumulate(np.where(falling, index, len(values))[::-1])[::-1]
    return left[first], right[last]


def _cross(values: np.ndarray, low: np.ndarray, high: np.ndarray, height: np.ndarray) -> np.ndarray:
    """First sample above ``height`` of flanks that rise from ``low`` to ``high`` (bisection)."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        above = values[middle] > height
        high = np.where(above, middle, high)
        low = np.where(above, low, np.minimum(middle + 1, high))
    return low


def _distinct(
    values: np.ndarray, first: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of stretches that are nearly one, the one that stands out most; ordered."""
    if not len(first):
        return first, last
    length = last - first + 1
    size = np.floor(np.log(length) / _ALIKE)
    unit = np.maximum(1.0, _ALIKE * np.exp(_ALIKE * size))
    key = np.stack([size, np.floor(first / unit), np.floor(last / unit)], axis=1)
    total = np.concatenate([[0.0], np.cumsum(values)])
    flank = np.maximum(1, length // 5)

    def mean(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        begin = np.clip(begin, 0, len(values) - 1)
        end = np.clip(end, begin + 1, len(values))
        return (total[end] - total[begin]) / (end - begin)

    around = np.maximum(mean(first - flank, first), mean(last + 1, last + 1 + flank))
    order = np.lexsort((last, first, around - mean(first, last + 1)))
    _, chosen = np.unique(key[order], axis=0, return_index=True)
    kept = order[chosen]
    kept = kept[np.lexsort((last[kept], first[kept]))]
    return first[kept], last[kept]
