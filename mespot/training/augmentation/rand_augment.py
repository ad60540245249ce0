"""RandAugment for clips: one draw for all frames, geometry as one affine map, colours as tables.

Cubuk et al., "RandAugment", NeurIPS Workshops 2020, in timm's "increasing" variant, which the
published fine-tuning names ``rand-m7-n4-mstd0.5-inc1``.
``mespot.training.augmentation.clip_change`` resamples frames once by the map; ``recolour`` goes
through ``mespot.training.augmentation.colours``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mespot.training.augmentation import colours

_GEOMETRY = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
_COLOURS = (
    "auto_contrast", "equalize", "invert", "posterize", "solarize", "solarize_add", "saturation",
    "contrast", "brightness", "sharpness",
)  # fmt: skip
_CHANCE = 0.5  # that a drawn operation is applied


class Operation(NamedTuple):
    """An operation of RandAugment; ``level`` is signed, -1 to 1."""

    name: str
    level: float

    @property
    def moves(self) -> bool:
        """Whether it is geometric."""
        return self.name in _GEOMETRY


def draw_operations(
    count: int, magnitude: float, spread: float, rng: np.random.Generator
) -> list[Operation]:
    """Draw operations with replacement, each applied to half of the clips.

    Args:
        count: operations drawn.
        magnitude: mean strength, 0 to 10.
        spread: standard deviation of the strength.
        rng: source of the draws.

    Returns:
        those that are applied, in their order.
    """
    operations = []
    for name in rng.choice(_GEOMETRY + _COLOURS, count):
        applied, sign = rng.random() < _CHANCE, rng.choice((-1, 1))
        level = np.clip(rng.normal(magnitude, spread), 0, 10) / 10
        if applied:
            operations.append(Operation(str(name), float(sign * level)))
    return operations


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


def recolour(clip: np.ndarray, operations: Iterable[Operation]) -> np.ndarray:
    """Apply the colour operations, in their order.

    Args:
        clip: (T, S, S, 3) uint8.
        operations: geometric ones are passed over.

    Returns:
        the same shape, uint8.
    """
    pixels = colours.Pixels(clip)
    for name, level in operations:
        strength = abs(level)
        if name in ("auto_contrast", "equalize", "invert"):
            getattr(colours, name)(pixels)
        elif name in ("saturation", "contrast", "brightness", "sharpness"):
            getattr(colours, name)(pixels, max(0.1, 1 + 0.9 * level))
        elif name == "posterize":
            colours.posterize(pixels, 4 - int(strength * 4))
        elif name == "solarize":
            colours.solarize(pixels, 256 - int(strength * 256))
        elif name == "solarize_add":
            colours.solarize_add(pixels, min(128, int(strength * 110)))
    return pixels.clip()
