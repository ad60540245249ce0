"""Neutral reference crops, and region displacement against them along a whole video.

The MEGC flow method takes the first frame of a window as neutral, wherever that falls. Here each
stretch of video picks the crop that is most like the others (the medoid): the face at rest with
open eyes is what recurs, expressions and blinks differ from each other. Neighbouring stretches
overlap; the frames measured against both references give the offset that keeps signals continuous.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mespot.faces.timing import Timing
from mespot.flow.estimate import Flow
from mespot.flow.pooling import Crops, Measurer, Part, Spread
from mespot.flow.regions import RegionMap

_CANDIDATES = 48
_THUMBNAIL = 48
_GROUP = 32  # crops that are measured in one go


@dataclass(frozen=True)
class Pooled:
    """Raw measurements of every crop.

    Attributes:
        displacement: float64 (N, R + A, 2) IOD against neutral, anchors last, head not removed.
        eyes: float64 (N, 2, 2) mean and standard deviation of the grey levels inside the right and
            the left aperture.
    """

    displacement: np.ndarray
    eyes: np.ndarray


def pool_video(
    crops: Crops, time: np.ndarray, usable: np.ndarray, regions: RegionMap, flow: Flow,
    stretch: float, overlap: float, timing: Timing | None = None, spread: Spread | None = None,
) -> Pooled:  # fmt: skip
    """Measure every usable crop against the reference of its stretch.

    Memory holds one crop, one reference and a few thumbnails at a time, whatever the length.

    Args:
        crops: the video's crops.
        time: (N,) s.
        usable: (N,) bool, crops with a face; the others get NaN.
        regions: where the regions lie.
        flow: dense flow estimator.
        stretch: longest time that one reference serves, s.
        overlap: time measured against two references at a change, s.
        timing: gets the steps crops (reading them), flow and pooling.
        spread: has crops measured elsewhere, with the same ``regions`` and ``flow``.
    """
    timing = timing or Timing()

    def here(reference: int, groups: Sequence[np.ndarray]) -> Iterator[Part]:
        return map(Measurer(crops, regions, flow, reference, timing).measure, groups)

    begun = []
    for first, last, shared in stretches(time, usable, stretch, overlap):
        indices = np.flatnonzero(usable[first:last]) + first
        reference = choose_reference(crops, indices, regions, timing)
        groups = [indices[at : at + _GROUP] for at in range(0, len(indices), _GROUP)]
        begun.append((first, last, shared, groups, (spread or here)(reference, groups)))
    count = len(time)
    total = np.full((count, len(regions.weights), 2), np.nan)
    eyes = np.full((count, 2, 2), np.nan)
    for first, last, shared, groups, parts in begun:
        own = np.full((last - first, *total.shape[1:]), np.nan)
        for group, (moved, looks) in zip(groups, parts, strict=True):
            own[group - first], eyes[group] = moved, looks
        if shared:
            both = slice(first, first + shared)
            step = np.nanmedian(total[both] - own[:shared], axis=0)
            own += np.where(np.isfinite(step), step, 0.0)
            fade = np.linspace(0.0, 1.0, shared + 2)[1:-1, None, None]
            total[both] = (1.0 - fade) * total[both] + fade * own[:shared]
        total[first + shared : last] = own[shared:]
    return Pooled(total, eyes)


def stretches(
    time: np.ndarray, usable: np.ndarray, stretch: float, overlap: float
) -> Iterator[tuple[int, int, int]]:
    """Cut a video into equal stretches.

    Yields:
        first crop, one past the last crop, and how many crops at the beginning are shared with
        the stretch before; stretches without a usable crop are left out.
    """
    seconds = float(time[-1] - time[0])
    parts = max(1, int(np.ceil(seconds / stretch)))
    borders = time[0] + seconds * np.arange(parts + 1) / parts
    done = -1
    for part in range(parts):
        lead = overlap if part else 0.0
        first = int(np.searchsorted(time, borders[part] - lead))
        last = len(time) if part == parts - 1 else int(np.searchsorted(time, borders[part + 1]))
        if last <= first or not usable[first:last].any():
            continue
        yield first, last, max(0, min(done, last) - first)
        done = last


def choose_reference(crops: Crops, indices: np.ndarray, regions: RegionMap, timing: Timing) -> int:
    """Return the crop among ``indices`` that is most like the others (medoid of a sample)."""
    sample = indices[np.unique(np.linspace(0, len(indices) - 1, _CANDIDATES).round().astype(int))]
    thumbnails = []
    for index in sample:
        with timing.step("crops"):
            face = regions.cut(crops.read(int(index), grey=True)).astype(np.float32)
        small = cv2.resize(face, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
        thumbnails.append(((small - small.mean()) / (small.std() + 1.0)).ravel())
    looks = np.stack(thumbnails)  # (n, THUMBNAIL ** 2)
    square = (looks**2).sum(axis=1)
    gaps = np.sqrt(np.maximum(square[:, None] + square[None] - 2.0 * looks @ looks.T, 0.0))
    return int(sample[np.argmin(np.median(gaps, axis=1))])
