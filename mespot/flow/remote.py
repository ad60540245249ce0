"""Measuring crops in other processes: what they are sent, and what comes back."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mespot.core.timing import Timing
from mespot.core.worker_pool import WorkerPool
from mespot.crops.grey_store import open_crops
from mespot.flow.estimate import make_flow
from mespot.flow.measurer import Crops, Layout, Measured, Measurer, regions_of
from mespot.flow.pooling import StartMeasuring


@dataclass(frozen=True)
class Job:
    """One stretch of a video.

    Attributes:
        crops: file of the crops, see ``mespot.crops.grey_store.open_crops``; it may still grow.
        file: device and number of that file, which tell it from a later one of the same name.
        layout: where the regions lie.
        reference: number of the neutral crop.
    """

    crops: str
    file: tuple[int, int]
    layout: Layout
    reference: int


def measured_by(workers: WorkerPool, crops: str, timing: Timing) -> StartMeasuring | None:
    """Return a function that has crops measured by the worker pool; the numbers are the same.

    None where the worker pool has no processes.

    Args:
        workers: processes.
        crops: file of the crops.
        timing: gets what the processes use.
    """
    if not workers.count:
        return None

    def begin(layout: Layout, reference: int, groups: Sequence[np.ndarray]) -> Iterator[Measured]:
        status = os.stat(crops)
        job = Job(crops, (status.st_dev, status.st_ino), layout, reference)
        done = workers.map(_measure, [(job, group) for group in groups])
        return (counted(part, seconds) for part, seconds in done)

    def counted(part: Measured, seconds: dict[str, float]) -> Measured:
        for name, used in seconds.items():
            timing.add(name, used)
        return part

    return begin


def _measure(job: Job, indices: np.ndarray) -> tuple[Measured, dict[str, float]]:
    timing, measurer = _measurer(job)
    part = measurer.measure(indices)
    seconds = dict(timing.seconds)
    timing.seconds.clear()
    return part, seconds


@functools.lru_cache(maxsize=1)  # the groups of a stretch come one after the other
def _measurer(job: Job) -> tuple[Timing, Measurer]:
    timing, crops = Timing(), _opened(job.crops, job.file, job.layout.size)
    regions, flow = regions_of(job.layout), make_flow()
    return timing, Measurer(crops, regions, flow, job.reference, timing)


@functools.lru_cache(maxsize=1)
def _opened(path: str, _file: tuple[int, int], size: int) -> Crops:
    return open_crops(path, size, growing=True)
