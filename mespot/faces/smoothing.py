"""Bridging short gaps of a track and smoothing it, with a small look-ahead.

Smoothing fits a parabola to the poses around a frame under Gaussian weights (local regression,
Cleveland 1979). Unlike a plain Gaussian mean it does not flatten a nod: a mean over 0.04 s would
take 3 % off a nod at 1 Hz, and what is taken off remains in the crop as false motion.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")

_REACH = 3.0  # sigmas
_INSTANT = 1e-9  # s, slack for rounded times
_DAMPING = 1e-12  # of the normal equations
_BRIDGED_WEIGHT = 1e-3  # of an interpolated pose beside a measured one


@dataclass
class _Entry(Generic[Item]):
    item: Item
    time: float
    pose: np.ndarray | None
    weight: float
    segment: int


class PoseStream(Generic[Item]):
    """Turns measured poses into smooth ones, a few frames later.

    Args:
        sigma: of the smoothing, seconds; 0 = none.
        max_gap: longest stretch without a pose that is interpolated, seconds. In a longer one the
            last pose is held, or the first measured one where there was none before.
        fallback: (4,) pose for the time before the first measured one.
    """

    def __init__(self, sigma: float, max_gap: float, fallback: np.ndarray) -> None:
        self._sigma = sigma
        self._max_gap = max_gap
        self._last = fallback
        self._started = False
        self._lost = False
        self._segment = 0
        self._entries: deque[_Entry[Item]] = deque()
        self._done = 0  # leading entries that were returned and serve as neighbours only

    def push(
        self, item: Item, time: float, pose: np.ndarray | None, fresh: bool
    ) -> Iterator[tuple[Item, np.ndarray]]:
        """Add the next frame; yields every (item, pose) that is settled by it.

        Args:
            item: whatever belongs to the frame.
            time: seconds, rising.
            pose: (4,) measured pose, None without a face.
            fresh: the pose starts a new track, which is not smoothed together with the old one.
        """
        if pose is not None:
            pose = pose.copy()
            pose[2] += 2 * np.pi * np.round((self._last[2] - pose[2]) / (2 * np.pi))
            self._settle_gap(time, pose, fresh)
            self._last = pose
            self._started, self._lost = True, False
        entry = _Entry(item, time, pose, float(pose is not None), self._segment)
        self._entries.append(entry)
        self._give_up(time)
        yield from self._ready(time - _REACH * self._sigma)

    def finish(self) -> Iterator[tuple[Item, np.ndarray]]:
        """Yield what is left at the end of the video."""
        self._give_up(np.inf)
        yield from self._ready(np.inf)

    def _settle_gap(self, time: float, pose: np.ndarray, fresh: bool) -> None:
        waiting = [entry for entry in self._entries if entry.pose is None]
        if not waiting:
            self._segment += fresh
            return
        before = next((e for e in reversed(self._entries) if e.pose is not None), None)
        if before is None or not self._started:
            for entry in waiting:
                entry.pose, entry.weight = pose, _BRIDGED_WEIGHT
            return
        # A new track after a short gap: the bridge leads over to it, but neither is bent.
        self._segment += fresh
        for entry in waiting:
            share = (entry.time - before.time) / (time - before.time)
            entry.pose = (1 - share) * before.pose + share * pose
            entry.weight, entry.segment = _BRIDGED_WEIGHT, -1 if fresh else self._segment

    def _give_up(self, time: float) -> None:
        waiting = [entry for entry in self._entries if entry.pose is None]
        if waiting and (self._lost or time - waiting[0].time > self._max_gap):
            for entry in waiting:
                entry.pose, entry.weight, entry.segment = self._last, 0.0, -1
            self._segment += 1
            self._lost = True

    def _ready(self, horizon: float) -> Iterator[tuple[Item, np.ndarray]]:
        while self._done < len(self._entries):
            entry = self._entries[self._done]
            if entry.pose is None or entry.time > horizon:
                return
            upcoming = next((e.time for e in self._upcoming() if e.pose is None), np.inf)
            if upcoming <= entry.time + _REACH * self._sigma + _INSTANT:
                return
            self._done += 1
            yield entry.item, self._smooth(entry)
            while self._entries[0].time < entry.time - _REACH * self._sigma:
                self._entries.popleft()
                self._done -= 1

    def _upcoming(self) -> Iterator[_Entry[Item]]:
        return itertools.islice(self._entries, self._done, None)

    def _smooth(self, entry: _Entry[Item]) -> np.ndarray:
        if self._sigma == 0 or entry.segment < 0:
            return entry.pose
        reach = _REACH * self._sigma + _INSTANT
        near = [
            other
            for other in self._entries
            if other.segment == entry.segment and abs(other.time - entry.time) <= reach
        ]
        if len(near) == 1:
            return entry.pose
        shares = _shares(
            [(other.time - entry.time) / self._sigma for other in near],
            [other.weight for other in near],
        )
        return np.array(shares) @ np.stack([other.pose for other in near])


def _shares(offsets: list[float], weights: list[float]) -> list[float]:
    """Share of each of n >= 2 values in the local parabola's value at 0; of 2, in the line's.

    Plain numbers: there are some ten of them, and arrays would take longer to make.

    Args:
        offsets: sigmas from the middle of the Gaussian.
        weights: of the values, besides the Gaussian.
    """
    weights = [w * math.exp(-0.5 * x * x) for x, w in zip(offsets, weights, strict=True)]
    # sums of x^k under the weights; the normal equations hold them, slightly damped
    s = [sum(w * x**k for x, w in zip(offsets, weights, strict=True)) for k in range(5)]
    a, b, c = s[0] + _DAMPING, s[2] + _DAMPING, s[4] + _DAMPING
    # first row of the inverse of [[a, s1, s2], [s1, b, s3], [s2, s3, c]]
    if len(offsets) > 2:
        row = b * c - s[3] * s[3], s[2] * s[3] - s[1] * c, s[1] * s[3] - b * s[2]
        whole = a * row[0] + s[1] * row[1] + s[2] * row[2]
    else:
        row, whole = (b, -s[1], 0.0), a * b - s[1] * s[1]
    constant, tilt, bend = (part / whole for part in row)
    return [w * (constant + tilt * x + bend * x * x) for x, w in zip(offsets, weights, strict=True)]
