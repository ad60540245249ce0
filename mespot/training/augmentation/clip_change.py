"""Augmentation of a training clip: one resampling and one colour treatment for all its frames.

The published fine-tuning resizes every frame to the network's square, applies RandAugment, cuts a
random box, resizes it back and mirrors it: three resamplings. Here all geometry is one affine map
from the network's square to the frames as they are, so that each frame is resampled once,
bilinearly (bicubic costs three times as much); the colour operations then run on the small result,
where they cost least. What this changes: colour statistics are those of the cut instead of the
whole picture, and what a rotation or shift brings in from outside is grey (128) before the colours
instead of after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from mespot.training.augmentation.crops import Box, resized_box, shrunk
from mespot.training.augmentation.rand_augment import Operation, affine, draw_operations, recolour

if TYPE_CHECKING:
    from mespot.params.recipe import RecipeParams

_GREY = (128, 128, 128, 128)


class ClipChange(NamedTuple):
    """What happens to one clip: box of the square that is kept, mirroring, RandAugment."""

    box: Box
    mirrored: bool
    operations: Sequence[Operation]


def draw_change(
    size: int, params: RecipeParams, rgb: bool, flip: float, rng: np.random.Generator
) -> ClipChange:
    """Draw the change of a clip.

    Args:
        size: S of the network, pixels.
        params: crop_area, crop_ratio, rand_ops, rand_magnitude, rand_spread.
        rgb: whether the network sees colours; RandAugment is for those.
        flip: share of clips that are mirrored.
        rng: source of the draws.
    """
    count = params.rand_ops if rgb else 0
    operations = draw_operations(count, params.rand_magnitude, params.rand_spread, rng)
    box = Box(0, 0, size, size)
    if params.crop_area[0] < 1:
        box = resized_box(size, params.crop_area, params.crop_ratio, rng)
    return ClipChange(box, bool(rng.random() < flip), operations)


def change_clip(pixels: np.ndarray, size: int, change: ClipChange) -> np.ndarray:
    """Change a clip and bring it to the network's square.

    Args:
        pixels: (T, H, W, 3) uint8; without operations also (T, H, W).
        size: S, pixels.
        change: from ``draw_change``.

    Returns:
        (T, S, S, 3) or (T, S, S) uint8.
    """
    pixels = shrunk(pixels, size)
    if any(operation.moves for operation in change.operations):
        moved = _warped(pixels, size, change)
    else:
        moved = _cut(pixels, size, change)
    return recolour(moved, change.operations) if change.operations else moved


def _cut(pixels: np.ndarray, size: int, change: ClipChange) -> np.ndarray:
    """Cut an upright box and resize it, which costs half of the general warp."""
    height, width = pixels.shape[1:3]
    box = change.box
    top, bottom = (round(y * height / size) for y in (box.top, box.top + box.height))
    left, right = (round(x * width / size) for x in (box.left, box.left + box.width))
    bottom, right = max(bottom, top + 1), max(right, left + 1)
    result = np.empty((len(pixels), size, size, *pixels.shape[3:]), pixels.dtype)
    for frame, picture in zip(result, pixels[:, top:bottom, left:right], strict=True):
        cv2.resize(picture, (size, size), frame, interpolation=cv2.INTER_LINEAR)
        if change.mirrored:
            frame[:] = cv2.flip(frame, 1)
    return result


def _warped(pixels: np.ndarray, size: int, change: ClipChange) -> np.ndarray:
    height, width = pixels.shape[1:3]
    place = _stretch((height, width), (size, size))
    for operation in change.operations:
        if operation.moves:
            place = place @ affine(operation.name, operation.level, size)
    box = change.box
    place = place @ _shift(box) @ _stretch((box.height, box.width), (size, size))
    if change.mirrored:
        place = place @ np.array([[-1.0, 0, size - 1], [0, 1, 0], [0, 0, 1]])
    # OpenCV warps four channels more than twice as fast as three
    four = cv2.cvtColor(pixels.reshape(-1, width, 3), cv2.COLOR_RGB2RGBA)
    result = np.empty((len(pixels), size, size, 4), np.uint8)
    for frame, picture in zip(result, four.reshape(-1, height, width, 4), strict=True):
        cv2.warpAffine(
            picture,
            place[:2],
            (size, size),
            frame,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_GREY,
        )
    three = cv2.cvtColor(result.reshape(-1, size, 4), cv2.COLOR_RGBA2RGB)
    return three.reshape(-1, size, size, 3)


def _stretch(old: tuple[int, int], new: tuple[int, int]) -> np.ndarray:
    """Map from pixels of a picture of (H, W) ``new`` to those of ``old``; centres at .5."""
    y, x = old[0] / new[0], old[1] / new[1]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def _shift(box: Box) -> np.ndarray:
    return np.array([[1.0, 0, box.left], [0, 1, box.top], [0, 0, 1]])
