"""RandAugment for clips: one draw, one affine map and one colour treatment for all frames.

Cubuk et al., "RandAugment", NeurIPS Workshops 2020, in timm's "increasing" variant, which the
published fine-tuning names ``rand-m7-n4-mstd0.5-inc1``. All geometric operations of a draw are one
affine map and frames are resampled once, after the colours, bilinearly (bicubic costs three times
as much); grey 128 fills what comes in.
"""

from __future__ import annotations

import cv2
import numpy as np

from mespot.training import colours

_FILL = (128, 128, 128)
_CHANCE = 0.5  # that a drawn operation is applied
_OPERATIONS = (
    "auto_contrast", "equalize", "invert", "rotate", "posterize", "solarize", "solarize_add",
    "saturation", "contrast", "brightness", "sharpness", "shear_x", "shear_y", "translate_x",
    "translate_y",
)  # fmt: skip


def rand_augment(
    clip: np.ndarray, count: int, magnitude: float, spread: float, rng: np.random.Generator
) -> np.ndarray:
    """Apply ``count`` random operations to a colour clip, each to half of the clips.

    Args:
        clip: (T, S, S, 3) uint8.
        count: operations drawn, with replacement.
        magnitude: mean strength, 0 to 10.
        spread: standard deviation of the strength.
        rng: source of the draws.

    Returns:
        the same shape, uint8.
    """
    pixels = colours.Pixels(clip)
    place = np.eye(3)
    for name in rng.choice(_OPERATIONS, count):
        applied, sign = rng.random() < _CHANCE, rng.choice((-1, 1))
        level = float(np.clip(rng.normal(magnitude, spread), 0, 10)) / 10
        if not applied:
            continue
        if name in ("auto_contrast", "equalize", "invert"):
            getattr(colours, name)(pixels)
        elif name in ("saturation", "contrast", "brightness", "sharpness"):
            getattr(colours, name)(pixels, max(0.1, 1 + sign * 0.9 * level))
        elif name == "posterize":
            colours.posterize(pixels, 4 - int(level * 4))
        elif name == "solarize":
            colours.solarize(pixels, 256 - int(level * 256))
        elif name == "solarize_add":
            colours.solarize_add(pixels, min(128, int(level * 110)))
        else:
            place = place @ affine(name, sign * level, clip.shape[1])
    return _warp(pixels.clip(), place)


def affine(name: str, level: float, size: int) -> np.ndarray:
    """Map from new to old pixel positions of a geometric operation.

    Args:
        name: ``rotate`` (30 degrees at level 1), ``shear_x``, ``shear_y`` (0.3), ``translate_x``
            or ``translate_y`` (0.45 of the width).
        level: -1 to 1.
        size: S, pixels.

    Returns:
        (3, 3).
    """
    matrix = np.eye(3)
    if name == "rotate":
        angle, centre = np.deg2rad(30 * level), (size - 1) / 2
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix[:2, :2] = turn
        matrix[:2, 2] = centre - turn @ (centre, centre)
    elif name.startswith("shear"):
        matrix[(0, 1) if name.endswith("x") else (1, 0)] = 0.3 * level
    else:
        matrix[0 if name.endswith("x") else 1, 2] = 0.45 * level * size
    return matrix


def _warp(clip: np.ndarray, place: np.ndarray) -> np.ndarray:
    if (place == np.eye(3)).all():
        return clip
    size = clip.shape[1]
    result = np.empty_like(clip)
    for frame, picture in enumerate(clip):
        cv2.warpAffine(
            picture,
            place[:2],
            (size, size),
            result[frame],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_FILL,
        )
    return result
