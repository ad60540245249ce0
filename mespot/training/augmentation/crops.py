"""Random crops of clips, resized back, and whole frames resized: all frames of a clip alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

_SNAP = 3  # crops within this many pixels of the whole size are the whole
# in quarters of the free room (left, top): corners, edge centres, centre, quarter points
_PLACES = (
    (0, 0), (4, 0), (0, 4), (4, 4), (2, 2), (0, 2), (4, 2), (2, 4), (2, 0), (1, 1), (3, 1), (1, 3),
    (3, 3),
)  # fmt: skip
_ATTEMPTS = 10  # draws before the whole picture is kept, as in torchvision


class Box(NamedTuple):
    """A crop in pixels."""

    top: int
    left: int
    height: int
    width: int


def multi_scale_box(size: int, scales: Sequence[float], rng: np.random.Generator) -> Box:
    """Draw the crop of the published pre-training.

    Height and width are two of the scaled sizes, at most one apart in the list, at one of 13
    fixed places (multi-scale cropping of temporal segment networks, Wang et al., ECCV 2016;
    VideoMAE and MAE-DFER use scales 1, 0.875, 0.75, 0.66).

    Args:
        size: S of the clip, pixels.
        scales: shares of S, in falling order.
        rng: source of the draw.
    """
    sizes = [int(size * scale) for scale in scales]
    sizes = [size if abs(side - size) < _SNAP else side for side in sizes]
    pairs = [
        (height, width)
        for row, height in enumerate(sizes)
        for column, width in enumerate(sizes)
        if abs(row - column) <= 1
    ]
    height, width = pairs[rng.integers(len(pairs))]
    left, top = _PLACES[rng.integers(len(_PLACES))]
    return Box(top * ((size - height) // 4), left * ((size - width) // 4), height, width)


def resized_box(
    size: int,
    area: tuple[float, float],
    ratio: tuple[float, float],
    rng: np.random.Generator,
) -> Box:
    """Draw the crop of the published fine-tuning (Inception's random resized crop).

    Args:
        size: S of the clip, pixels.
        area: smallest and largest share of the picture.
        ratio: smallest and largest width by height, drawn evenly on a log scale.
        rng: source of the draw.

    Returns:
        a box inside the picture; the whole one when no draw of ten fits.
    """
    for _ in range(_ATTEMPTS):
        wanted = rng.uniform(*area) * size * size
        shape = np.exp(rng.uniform(np.log(ratio[0]), np.log(ratio[1])))
        width, height = round(np.sqrt(wanted * shape)), round(np.sqrt(wanted / shape))
        if 0 < width <= size and 0 < height <= size:
            top = int(rng.integers(size - height + 1))
            left = int(rng.integers(size - width + 1))
            return Box(top, left, height, width)
    return Box(0, 0, size, size)


def crop(clip: np.ndarray, box: Box) -> np.ndarray:
    """Cut a box out of every frame and resize it to the old size, bilinear.

    Args:
        clip: (T, S, S) or (T, S, S, 3) uint8.
        box: what to keep.

    Returns:
        the same shape, uint8.
    """
    size = clip.shape[1]
    if box.height == box.width == size:
        return clip
    part = clip[:, box.top : box.top + box.height, box.left : box.left + box.width]
    result = np.empty_like(clip)
    for frame, piece in enumerate(part):
        cv2.resize(piece, (size, size), result[frame], interpolation=cv2.INTER_LINEAR)
    return result


def shrunk(pixels: np.ndarray, size: int) -> np.ndarray:
    """Bring frames of more than twice the network's size down to it by area averages.

    Smaller ones stay as they are: the one resampling that follows is bilinear, which loses detail
    to aliasing only beyond that.

    Args:
        pixels: (n, H, W) or (n, H, W, 3) uint8.
        size: S, pixels.

    Returns:
        the same with S for H and W where they are shrunken.
    """
    if min(pixels.shape[1:3]) <= 2 * size:
        return pixels
    return _resized(pixels, size, cv2.INTER_AREA)


def squared(pixels: np.ndarray, size: int) -> np.ndarray:
    """Resize frames to the network's square, aspect ignored, as the published recipe does.

    Args:
        pixels: (n, H, W) or (n, H, W, 3) uint8.
        size: S, pixels.

    Returns:
        the same with S for H and W.
    """
    pixels = shrunk(pixels, size)
    if pixels.shape[1:3] == (size, size):
        return pixels
    return _resized(pixels, size, cv2.INTER_LINEAR)


def _resized(pixels: np.ndarray, size: int, way: int) -> np.ndarray:
    result = np.empty((len(pixels), size, size, *pixels.shape[3:]), pixels.dtype)
    for frame, picture in zip(result, pixels, strict=True):
        cv2.resize(picture, (size, size), frame, interpolation=way)
    return result
