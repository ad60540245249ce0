"""Augmentation of a training clip: one resampling and one colour treatment for all its frames.

The published fine-tuning resizes every frame to the network's square, applies RandAugment
(``rand-m7-n4-mstd0.5-inc1``, Cubuk et al., NeurIPS Workshops 2020), cuts a random box, resizes it
back and mirrors it: three resamplings. Here all geometry is one affine map from the network's
square to the decoded frames, so that each frame is resampled once, bilinearly; the colour
operations then run on the small result, where they cost least. What this changes: colour
statistics are those of the cut instead of the whole picture, and what a rotation or shift brings
in from outside is grey before the colours instead of after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from mespot.classification.clip_source import shrunk
from mespot.training import colours
from mespot.training.crops import Box, resized_box
from mespot.training.rand_augment import affine

if TYPE_CHECKING:
    from mespot.params.recipe import RecipeParams

_GEOMETRY = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
_COLOURS = (
    "auto_contrast", "equalize", "invert", "posterize", "solarize", "solarize_add", "saturation",
    "contrast", "brightness", "sharpness",
)  # fmt: skip
_CHANCE = 0.5  # that a drawn operation is applied
_GREY = (128, 128, 128)


class Operation(NamedTuple):
    """An operation of RandAugment; ``level`` is signed, -1 to 1."""

    name: str
    level: float


class ClipChange(NamedTuple):
    """What happens to one clip: box of the square that is kept, mirroring, RandAugment."""

    box: Box
    mirrored: bool
    operations: Sequence[Operation]


def draw_change(size: int, params: RecipeParams, rgb: bool, rng: np.random.Generator) -> ClipChange:
    """Draw the change of a clip.

    Args:
        size: S of the network, pixels.
        params: flip, crop_area, crop_ratio, rand_ops, rand_magnitude, rand_spread.
        rgb: whether the network sees colours; RandAugment is for those.
        rng: source of the draws.
    """
    operations = []
    for name in rng.choice(_GEOMETRY + _COLOURS, params.rand_ops if rgb else 0):
        applied, sign = rng.random() < _CHANCE, rng.choice((-1, 1))
        level = np.clip(rng.normal(params.rand_magnitude, params.rand_spread), 0, 10) / 10
        if applied:
            operations.append(Operation(str(name), float(sign * level)))
    box = Box(0, 0, size, size)
    if params.crop_area[0] < 1:
        box = resized_box(size, params.crop_area, params.crop_ratio, rng)
    return ClipChange(box, bool(rng.random() < params.flip), operations)


def change_clip(pixels: np.ndarray, size: int, change: ClipChange) -> np.ndarray:
    """Change a clip and bring it to the network's square.

    Args:
        pixels: (T, H, W, 3) uint8, decoded frames.
        size: S, pixels.
        change: from ``draw_change``.

    Returns:
        (T, S, S, 3) uint8.
    """
    result = colours.Pixels(_resampled(shrunk(pixels, size), size, change))
    for name, level in change.operations:
        strength = abs(level)
        if name in ("auto_contrast", "equalize", "invert"):
            getattr(colours, name)(result)
        elif name in ("saturation", "contrast", "brightness", "sharpness"):
            getattr(colours, name)(result, max(0.1, 1 + 0.9 * level))
        elif name == "posterize":
            colours.posterize(result, 4 - int(strength * 4))
        elif name == "solarize":
            colours.solarize(result, 256 - int(strength * 256))
        elif name == "solarize_add":
            colours.solarize_add(result, min(128, int(strength * 110)))
    return result.clip()


def _resampled(pixels: np.ndarray, size: int, change: ClipChange) -> np.ndarray:
    height, width = pixels.shape[1:3]
    box = change.box
    moved = [operation for operation in change.operations if operation.name in _GEOMETRY]
    result = np.empty((len(pixels), size, size, 3), np.uint8)
    if not moved:
        # an upright box needs no general warp, which costs three times a resize
        top, bottom = (round(y * height / size) for y in (box.top, box.top + box.height))
        left, right = (round(x * width / size) for x in (box.left, box.left + box.width))
        bottom, right = max(bottom, top + 1), max(right, left + 1)
        for frame, picture in zip(result, pixels[:, top:bottom, left:right], strict=True):
            cv2.resize(picture, (size, size), frame, interpolation=cv2.INTER_LINEAR)
            if change.mirrored:
                frame[:] = cv2.flip(frame, 1)
        return result
    place = _stretch((height, width), (size, size))
    for operation in moved:
        place = place @ affine(operation.name, operation.level, size)
    place = place @ _shift(box) @ _stretch((box.height, box.width), (size, size))
    if change.mirrored:
        place = place @ np.array([[-1.0, 0, size - 1], [0, 1, 0], [0, 0, 1]])
    for frame, picture in zip(result, pixels, strict=True):
        cv2.warpAffine(
            picture,
            place[:2],
            (size, size),
            frame,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_GREY,
        )
    return result


def _stretch(old: tuple[int, int], new: tuple[int, int]) -> np.ndarray:
    """Map from pixels of a picture of (H, W) ``new`` to those of ``old``; centres at .5."""
    y, x = old[0] / new[0], old[1] / new[1]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def _shift(box: Box) -> np.ndarray:
    return np.array([[1.0, 0, box.left], [0, 1, box.top], [0, 0, 1]])
