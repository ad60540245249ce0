"""Neutral reference crops, and region displacement against them along a whole video.

The MEGC flow method takes the first frame of a window as neutral, wherever that falls. Here each
stretch of video picks the crop that is most like the others (the medoid): the face at rest with
open eyes is what recurs, expressions and blinks differ from each other. Neighbouring stretches
overlap; the frames measured against both references give the offset that keeps signals continuous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from mespot.faces.timing import Timing
from mespot.flow.estimate import Flow
from mespot.flow.regions import RegionMap

_CANDIDATES = 48
_THUMBNAIL = 48
_BLOCKS = 8
_SAME_LIGHT = 0.08  # relative change of brightness that flow bears
_CHUNK = 16  # crops that a thread measures in one go


class Crops(Protocol):
    """What the flow branch needs of a crop archive."""

    def read(self, index: int, grey: bool = False) -> np.ndarray:
        """Return crop ``index``, uint8 (S, S) when ``grey``."""


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
    stretch: float, overlap: float, threads: int = 1, timing: Timing | None = None,
) -> Pooled:  # fmt: skip
    """Measure every usable crop against the reference of its stretch.

    Memory holds one crop per thread, one reference and a few thumbnails at a time, whatever the
    length.

    Args:
        crops: the video's crops; several threads read them.
        time: (N,) s.
        usable: (N,) bool, crops with a face; the others get NaN.
        regions: where the regions lie.
        flow: dense flow estimator.
        stretch: longest time that one reference serves, s.
        overlap: time measured against two references at a change, s.
        threads: that measure crops side by side; the result is the same.
        timing: gets the steps crops (reading them), flow and pooling.
    """
    timing = timing or Timing()
    count = len(time)
    total = np.full((count, len(regions.weights), 2), np.nan)
    eyes = np.full((count, 2, 2), np.nan)
    with ThreadPoolExecutor(threads) as pool:
        for first, last, shared in stretches(time, usable, stretch, overlap):
            indices = np.flatnonzero(usable[first:last]) + first
            reference = choose_reference(crops, indices, regions, timing)
            with timing.step("crops"):
                base = regions.cut(crops.read(reference, grey=True))
            measure = _measurer(crops, base, regions, flow, timing)
            chunks = [indices[at : at + _CHUNK] for at in range(0, len(indices), _CHUNK)]
            own = np.full((last - first, *total.shape[1:]), np.nan)
            done = pool.map(measure, chunks) if threads > 1 else map(measure, chunks)
            for chunk, (moved, looks) in zip(chunks, done, strict=True):
                own[chunk - first], eyes[chunk] = moved, looks
            if shared:
                both = slice(first, first + shared)
                step = np.nanmedian(total[both] - own[:shared], axis=0)
                own += np.where(np.isfinite(step), step, 0.0)
                fade = np.linspace(0.0, 1.0, shared + 2)[1:-1, None, None]
                total[both] = (1.0 - fade) * total[both] + fade * own[:shared]
            total[first + shared : last] = own[shared:]
    return Pooled(total, eyes)


def _measurer(
    crops: Crops, base: np.ndarray, regions: RegionMap, flow: Flow, timing: Timing
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return a function from crop numbers (n,) to displacement (n, R + A, 2), eyes (n, 2, 2)."""
    apertures = [np.flatnonzero(aperture) for aperture in regions.eyes]

    def measure(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved, looks = [], []
        for index in indices:
            with timing.step("crops"):
                face = regions.cut(crops.read(int(index), grey=True))
            with timing.step("flow"):
                field = flow(*same_light(base, face))
            with timing.step("pooling"):
                moved.append(regions.pool(field))
                eyes = [face.ravel()[aperture] for aperture in apertures]
                looks.append([(eye.mean(), eye.std()) for eye in eyes])
        return np.stack(moved), np.array(looks)

    return measure


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
