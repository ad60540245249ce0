"""The neutral reference crop of a stretch of video.

The MEGC flow method takes the first frame of a window as neutral, wherever that falls. Here each
stretch of video picks the crop that is most like the others (the medoid): the face at rest with
open eyes is what recurs, expressions and blinks differ from each other.
"""

from __future__ import annotations

import cv2
import numpy as np

from mespot.core.timing import Timing
from mespot.flow.measurer import Crops
from mespot.flow.regions import RegionMap

_CANDIDATES = 48  # crops among which the reference is chosen, evenly spread
_THUMBNAIL = 48  # px at which they are compared


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
