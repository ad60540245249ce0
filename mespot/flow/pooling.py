"""Region displacement of single crops against one neutral reference, here or in other processes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from mespot.crew import Crew
from mespot.faces.grey_store import open_crops
from mespot.faces.timing import Timing
from mespot.faces.track import FaceTrack
from mespot.flow.estimate import Flow, make_flow
from mespot.flow.regions import RegionMap, make_regions
from mespot.params.flow import FlowParams

_BLOCKS = 8
_SAME_LIGHT = 0.08  # relative change of brightness that flow bears

Part = tuple[np.ndarray, np.ndarray]
"""Of n crops: displacement float64 (n, R + A, 2) and eyes float64 (n, 2, 2), see ``Pooled``."""

Spread = Callable[[int, Sequence[np.ndarray]], Iterator[Part]]
"""Begins to measure groups of crops against the reference crop of that number."""


class Crops(Protocol):
    """What the flow branch needs of a crop archive."""

    def read(self, index: int, grey: bool = False) -> np.ndarray:
        """Return crop ``index``, uint8 (S, S) when ``grey``."""


class Measurer:
    """Measures crops against one reference.

    Args:
        crops: the video's crops.
        regions: where the regions lie.
        flow: dense flow estimator.
        reference: number of the neutral crop.
        timing: gets the steps crops (reading them), flow and pooling.
    """

    def __init__(
        self, crops: Crops, regions: RegionMap, flow: Flow, reference: int, timing: Timing
    ) -> None:
        self._crops, self._regions, self._flow, self._timing = crops, regions, flow, timing
        self._apertures = [np.flatnonzero(aperture) for aperture in regions.eyes]
        self._base = self._face(reference)

    def measure(self, indices: np.ndarray) -> Part:
        """Measure the crops of these numbers (n,)."""
        moved, looks = [], []
        for index in indices:
            face = self._face(int(index))
            with self._timing.step("flow"):
                field = self._flow(*same_light(self._base, face))
            with self._timing.step("pooling"):
                moved.append(self._regions.pool(field))
                eyes = [face.ravel()[aperture] for aperture in self._apertures]
                looks.append([(eye.mean(), eye.std()) for eye in eyes])
        return np.stack(moved), np.array(looks)

    def _face(self, index: int) -> np.ndarray:
        with self._timing.step("crops"):
            return self._regions.cut(self._crops.read(index, grey=True))


@dataclass(frozen=True)
class Job:
    """What another process needs to measure crops of a video; small to send.

    Attributes:
        crops: file of the crops, see ``mespot.faces.grey_store.open_crops``.
        size: width and height of a crop, px.
        landmarks: (68, 2) crop px, as nested tuples.
        iod: inter-ocular distance in crop px.
        flow_iod: the one at which flow runs, px.
        method: flow estimator, see ``make_flow``.
    """

    crops: str
    size: int
    landmarks: tuple[tuple[float, float], ...]
    iod: float
    flow_iod: float
    method: str

    @classmethod
    def of(cls, crops: str, track: FaceTrack, params: FlowParams) -> Job:
        """Describe a video by the file of its crops, their alignment and the settings."""
        landmarks = tuple((float(x), float(y)) for x, y in track.landmarks)
        return cls(crops, track.size, landmarks, track.iod, params.flow_iod, params.method)


def spread_over(crew: Crew, job: Job, timing: Timing) -> Spread:
    """Return a function that has crops measured by the crew; the numbers are the same.

    Args:
        crew: processes.
        job: the video.
        timing: gets what the processes use, too.
    """

    def spread(reference: int, groups: Sequence[np.ndarray]) -> Iterator[Part]:
        done = crew.map(_measure, [(job, reference, group) for group in groups])
        return (_counted(part, seconds) for part, seconds in done)

    def _counted(part: Part, seconds: dict[str, float]) -> Part:
        for name, used in seconds.items():
            timing.add(name, used)
        return part

    return spread


def _measure(job: Job, reference: int, indices: np.ndarray) -> tuple[Part, dict[str, float]]:
    timing, measurer = _measurer(job, reference)
    timing.seconds.clear()
    return measurer.measure(indices), dict(timing.seconds)


@functools.lru_cache(maxsize=1)  # groups of one stretch come one after the other
def _measurer(job: Job, reference: int) -> tuple[Timing, Measurer]:
    crops, regions = _opened(job)
    timing = Timing()
    return timing, Measurer(crops, regions, make_flow(job.method), reference, timing)


@functools.lru_cache(maxsize=1)
def _opened(job: Job) -> tuple[Crops, RegionMap]:
    regions = make_regions(np.array(job.landmarks), job.iod, job.size, job.flow_iod)
    return open_crops(job.crops, job.size), regions


def same_light(base: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring the uint8 (H, W) ``face`` to the brightness of ``base``; returns both.

    Flow takes grey levels for constant; a switched lamp would look like motion all over. The
    median ratio of blocks also holds where a hand covers part of the face. What the brighter
    light has clipped is clipped in both.
    """
    blocks = [
        cv2.resize(picture, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA).astype(np.float32)
        for picture in (base, face)
    ]
    gain = float(np.median(np.maximum(blocks[0], 1.0) / np.maximum(blocks[1], 1.0)))
    if abs(gain - 1.0) < _SAME_LIGHT:
        return base, face  # new grey levels would be rounded, and flow's reference prepared anew
    lit = cv2.convertScaleAbs(face, alpha=gain)
    return (np.minimum(base, np.uint8(255.0 * gain)) if gain < 1.0 else base), lit
