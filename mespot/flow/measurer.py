"""Region displacement of single crops against one neutral reference."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from mespot.core.timing import Timing
from mespot.flow.estimate import Flow
from mespot.flow.regions import RegionMap, make_regions

_BLOCKS, _SPARSE = 8, 4  # brightness by 8 x 8 blocks, of every fourth pixel either way
_SAME_LIGHT = 0.08  # relative change of brightness that flow bears

Measured = tuple[np.ndarray, np.ndarray]
"""Of n crops: displacement float64 (n, R + A, 2) and eyes float64 (n, 2, 2), see ``RegionFlow``."""


class Crops(Protocol):
    """What the flow branch needs of a crop archive."""

    def read(self, index: int, grey: bool = False) -> np.ndarray:
        """Return crop ``index``, uint8 (S, S) when ``grey``."""


@dataclass(frozen=True)
class Layout:
    """Where the regions lie in some crops, in a form that can be sent and compared.

    Attributes:
        landmarks: (68, 2) crop px, as nested tuples.
        iod: inter-ocular distance in crop px.
        size: width and height of a crop, px.
        flow_iod: inter-ocular distance at which flow runs, px.
    """

    landmarks: tuple[tuple[float, float], ...]
    iod: float
    size: int
    flow_iod: float

    @classmethod
    def of(cls, landmarks: np.ndarray, iod: float, size: int, flow_iod: float) -> Layout:
        """Take the landmarks as an array (68, 2)."""
        return cls(tuple((float(x), float(y)) for x, y in landmarks), iod, size, flow_iod)


@functools.lru_cache(maxsize=1)
def regions_of(layout: Layout) -> RegionMap:
    """Lay the regions out; kept until another layout is asked for."""
    return make_regions(np.array(layout.landmarks), layout.iod, layout.size, layout.flow_iod)


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
        self._blocks = _blocks(self._base)

    def measure(self, indices: np.ndarray) -> Measured:
        """Measure the crops of these numbers (n,)."""
        moved, looks = [], []
        for index in indices:
            face = self._face(int(index))
            with self._timing.step("flow"):
                field = self._flow(*same_light(self._base, face, self._blocks))
            with self._timing.step("pooling"):
                moved.append(self._regions.pool(field))
                pixels = face.ravel()
                looks.append([_look(pixels[eye]) for eye in self._apertures])
        return np.stack(moved), np.array(looks)

    def _face(self, index: int) -> np.ndarray:
        with self._timing.step("crops"):
            return self._regions.cut(self._crops.read(index, grey=True))


def _look(eye: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of grey levels (n,); NaN of none."""
    if not len(eye):
        return np.nan, np.nan
    mean, spread = cv2.meanStdDev(eye)
    return mean[0, 0], spread[0, 0]


def same_light(
    base: np.ndarray, face: np.ndarray, blocks: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Bring the uint8 (H, W) ``face`` to the brightness of ``base``; returns both.

    Flow takes grey levels for constant; a switched lamp would look like motion all over. The
    median ratio of blocks also holds where a hand covers part of the face. What the brighter
    light has clipped is clipped in both.

    Args:
        base: the reference.
        face: a frame.
        blocks: ``_blocks(base)``, where it is at hand.
    """
    ratios = np.sort((_blocks(base) if blocks is None else blocks) / _blocks(face))
    gain = float(ratios[len(ratios) // 2])  # the median; NumPy's takes five times as long
    if abs(gain - 1.0) < _SAME_LIGHT:
        return base, face  # new grey levels would be rounded, and flow's reference prepared anew
    lit = cv2.convertScaleAbs(face, alpha=gain)
    return (np.minimum(base, np.uint8(255.0 * gain)) if gain < 1.0 else base), lit


def _blocks(picture: np.ndarray) -> np.ndarray:
    """Mean brightness of blocks, float32 (BLOCKS^2,) >= 1; every fourth pixel tells enough."""
    some = np.ascontiguousarray(picture[::_SPARSE, ::_SPARSE])
    means = cv2.resize(some, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
    return np.maximum(means, 1).astype(np.float32).ravel()
