"""Region displacement of every crop of a video, stretch by stretch.

Neighbouring stretches overlap; the crops measured against both references give the offset that
keeps signals continuous. A stretch can be measured as soon as its last crop is there, while the
face is still being followed farther on: nothing of it depends on what comes later.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mespot.core.timing import Timing
from mespot.crops.track import FaceTrack, typical_landmarks
from mespot.flow.estimate import make_flow
from mespot.flow.measurer import Crops, Layout, Measured, Measurer, regions_of
from mespot.flow.reference import choose_reference
from mespot.flow.regions import ANCHORS, EXPRESSIVE
from mespot.params.flow import FlowParams

_GROUP = 32  # crops that are measured in one go

StartMeasuring = Callable[[Layout, int, Sequence[np.ndarray]], Iterator[Measured]]
"""Begins to measure groups of crops (numbers) against a reference crop (number)."""


@dataclass(frozen=True)
class RegionFlow:
    """Raw measurements of every crop.

    Attributes:
        displacement: float64 (N, R + A, 2) IOD against neutral, anchors last, head not removed.
        eyes: float64 (N, 2, 2) mean and standard deviation of the grey levels inside the right and
            the left aperture.
    """

    displacement: np.ndarray
    eyes: np.ndarray


@dataclass(frozen=True)
class _Stretch:
    """Crops ``first`` ... ``last - 1``; the first ``shared`` were measured in one before, too."""

    first: int
    last: int
    shared: int
    groups: list[np.ndarray]
    parts: Iterator[Measured]


class Pooling:
    """Measures the crops of a video that arrive one after the other.

    Memory holds the numbers of all crops, and one crop, one reference and a few thumbnails.

    Args:
        crops: the video's crops; every crop that ``add`` was told of can be read.
        iod: inter-ocular distance in crop px.
        size: width and height of a crop, px.
        params: section ``flow``.
        timing: gets the steps crops (reading them), flow and pooling.
        begin: starts measuring in other processes; without it ``finish`` measures.
    """

    def __init__(
        self,
        crops: Crops,
        iod: float,
        size: int,
        params: FlowParams,
        timing: Timing | None = None,
        begin: StartMeasuring | None = None,
    ) -> None:
        self._crops, self._iod, self._size, self._params = crops, iod, size, params
        self._timing = timing or Timing()
        self._begin = begin or self._here
        self._time: list[float] = []
        self._usable: list[bool] = []
        self._keys: list[np.ndarray] = []
        self._closed = 0  # stretches that are over, also those without a face
        self._stretches: list[_Stretch] = []

    def add(self, time: float, usable: bool, landmarks: np.ndarray | None) -> None:
        """Tell of the next crop.

        Args:
            time: s, rising.
            usable: it shows the face; others get NaN.
            landmarks: (68, 2) crop px where they were found in it, else None.
        """
        while self._time and time >= self._time[0] + (self._closed + 1) * self._params.stretch:
            self._close()
        self._time.append(time)
        self._usable.append(usable)
        if landmarks is not None:
            self._keys.append(np.asarray(landmarks, dtype=np.float32))

    def finish(self) -> RegionFlow:
        """Measure what is left, and return all.

        Returns:
            N rows, one per crop.
        """
        if self._time:
            self._close()
        count = len(self._time)
        total = np.full((count, len(EXPRESSIVE) + len(ANCHORS), 2), np.nan)
        eyes = np.full((count, 2, 2), np.nan)
        for stretch in self._stretches:
            first, last, shared = stretch.first, stretch.last, stretch.shared
            own = np.full((last - first, *total.shape[1:]), np.nan)
            for group, (moved, looks) in zip(stretch.groups, stretch.parts, strict=True):
                own[group - first], eyes[group] = moved, looks
            if shared:
                both = slice(first, first + shared)
                step = np.nanmedian(total[both] - own[:shared], axis=0)
                own += np.where(np.isfinite(step), step, 0.0)
                fade = np.linspace(0.0, 1.0, shared + 2)[1:-1, None, None]
                total[both] = (1.0 - fade) * total[both] + fade * own[:shared]
            total[first + shared : last] = own[shared:]
        return RegionFlow(total, eyes)

    def _close(self) -> None:
        """Begin to measure the stretch that ends with the last crop."""
        lead = self._params.overlap if self._closed else 0.0
        border = self._time[0] + self._closed * self._params.stretch
        first, last = bisect_left(self._time, border - lead), len(self._time)
        self._closed += 1
        before = self._stretches[-1].last if self._stretches else 0
        indices = np.flatnonzero(self._usable[first:last]) + first
        if not len(indices) or last == before:  # no face, or a gap in time: nothing new
            return
        layout = Layout.of(
            typical_landmarks(self._keys), self._iod, self._size, self._params.flow_iod
        )
        # a short rest at the end of a video looks for its neutral face in the time before, too
        early = min(first, bisect_left(self._time, self._time[-1] - self._params.stretch))
        candidates = np.flatnonzero(self._usable[early:last]) + early
        reference = choose_reference(self._crops, candidates, regions_of(layout), self._timing)
        groups = [indices[at : at + _GROUP] for at in range(0, len(indices), _GROUP)]
        shared = max(0, min(before, last) - first)
        parts = self._begin(layout, reference, groups)
        self._stretches.append(_Stretch(first, last, shared, groups, parts))

    def _here(
        self, layout: Layout, reference: int, groups: Sequence[np.ndarray]
    ) -> Iterator[Measured]:
        # made only when the first group is asked for: regions of all stretches would take memory
        regions, flow = regions_of(layout), make_flow()
        measurer = Measurer(self._crops, regions, flow, reference, self._timing)
        for group in groups:
            yield measurer.measure(group)


def pool_video(
    crops: Crops,
    track: FaceTrack,
    params: FlowParams,
    timing: Timing | None = None,
    begin: StartMeasuring | None = None,
) -> RegionFlow:
    """Measure all crops of a video that is complete, as ``Pooling`` does while they arrive.

    Args:
        crops: the video's crops.
        track: their alignment.
        params: section ``flow``.
        timing: gets the steps crops (reading them), flow and pooling.
        begin: has crops measured elsewhere.
    """
    pooling = Pooling(crops, track.iod, track.size, params, timing, begin)
    keys = track.keys()
    for index, (time, usable) in enumerate(zip(track.time, track.success, strict=True)):
        pooling.add(float(time), bool(usable), keys.get(index))
    return pooling.finish()
