"""Facial actions as displacement fields tied to landmarks, and the expressions made of them.

Every action (FACS action unit) is a few smooth bumps around landmarks of one half of the face; the
other half is mirrored. Lengths are fractions of the inter-ocular distance (IOD).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.synth.portrait import MIRROR

SIDES = ("both", "left", "right")


@dataclass(frozen=True)
class Bump:
    """A Gaussian displacement bump of one half of the face.

    Attributes:
        points: landmarks (image-left half) whose mean is the centre.
        move: displacement at the centre; x grows away from the mid line, y grows downwards.
        sigma: spread in x and y, IOD.
        shift: centre relative to the mean of ``points``, IOD, axes as in ``move``.
    """

    points: tuple[int, ...]
    move: tuple[float, float]
    sigma: tuple[float, float]
    shift: tuple[float, float] = (0.0, 0.0)


ACTIONS: dict[str, tuple[Bump, ...]] = {
    "1": (Bump((20, 21), (0.0, -1.0), (0.20, 0.24), (0.0, -0.05)),),
    "2": (Bump((17, 18, 19), (0.0, -1.0), (0.22, 0.24), (0.0, -0.05)),),
    "4": (Bump((19, 20, 21), (-0.45, 0.9), (0.24, 0.20), (0.0, -0.03)),),
    "6": (Bump((41,), (0.0, -1.0), (0.28, 0.18), (0.05, 0.22)),),
    "7": (
        Bump((40, 41), (0.0, -1.0), (0.18, 0.10)),
        Bump((37, 38), (0.0, 0.5), (0.18, 0.10)),
    ),
    "9": (
        Bump((31,), (0.0, -1.0), (0.17, 0.20), (0.03, -0.15)),
        Bump((21,), (-0.2, 0.5), (0.16, 0.16)),
    ),
    "10": (
        Bump((49, 50), (0.0, -1.0), (0.20, 0.14)),
        Bump((31,), (0.1, -0.5), (0.16, 0.15)),
    ),
    "12": (
        Bump((48,), (0.75, -0.75), (0.24, 0.22)),
        Bump((48,), (0.2, -0.4), (0.22, 0.22), (0.15, -0.30)),
    ),
    "14": (Bump((48,), (1.0, -0.1), (0.17, 0.15)),),
    "15": (Bump((48,), (0.1, 1.0), (0.20, 0.20)),),
    "17": (
        Bump((8,), (0.0, -1.0), (0.30, 0.20), (0.0, -0.20)),
        Bump((57,), (0.0, -0.5), (0.30, 0.13)),
    ),
    "20": (Bump((48,), (1.0, 0.1), (0.26, 0.18)),),
    "24": (
        Bump((50, 51), (0.0, 0.6), (0.25, 0.10)),
        Bump((57, 58), (0.0, -1.0), (0.25, 0.11)),
    ),
    "25": (
        Bump((51,), (0.0, -0.4), (0.30, 0.12)),
        Bump((57,), (0.0, 1.0), (0.32, 0.16)),
    ),
    "26": (
        Bump((8,), (0.0, 1.0), (0.45, 0.35)),
        Bump((57,), (0.0, 0.7), (0.38, 0.18)),
    ),
}
"""Action unit number -> bumps of the image-left half."""


@dataclass(frozen=True)
class Expression:
    """A plausible combination of actions.

    Attributes:
        weights: action -> relative strength.
        limit: largest peak displacement that still looks natural, IOD.
        one_sided: whether it also occurs on one half of the face only.
        emotion: label in the sheets that have one.
    """

    weights: dict[str, float]
    limit: float
    one_sided: bool
    emotion: str

    @property
    def units(self) -> str:
        """Action units as the sheets write them, such as ``4+7``."""
        return "+".join(self.weights)


EXPRESSIONS: dict[str, Expression] = {
    "inner_brow": Expression({"1": 1.0}, 0.16, False, "sad"),
    "brow_raise": Expression({"1": 1.0, "2": 0.9}, 0.18, False, "surprise"),
    "outer_brow": Expression({"2": 1.0}, 0.15, True, "others"),
    "brow_lower": Expression({"4": 1.0}, 0.13, False, "anger"),
    "frown": Expression({"4": 1.0, "7": 0.3}, 0.13, False, "anger"),
    "squint": Expression({"6": 1.0, "7": 0.5}, 0.08, False, "others"),
    "nose_wrinkle": Expression({"9": 1.0}, 0.11, False, "disgust"),
    "disgust": Expression({"9": 0.7, "10": 1.0}, 0.11, False, "disgust"),
    "upper_lip": Expression({"10": 1.0}, 0.11, True, "disgust"),
    "smile": Expression({"12": 1.0}, 0.18, True, "happy"),
    "happiness": Expression({"6": 0.45, "12": 1.0}, 0.18, False, "happy"),
    "dimple": Expression({"14": 1.0}, 0.11, True, "others"),
    "lip_depress": Expression({"15": 1.0}, 0.14, False, "sad"),
    "sadness": Expression({"1": 0.7, "15": 1.0, "17": 0.4}, 0.14, False, "sad"),
    "chin_raise": Expression({"17": 1.0}, 0.12, False, "others"),
    "lip_stretch": Expression({"20": 1.0}, 0.15, True, "fear"),
    "fear": Expression({"1": 0.8, "4": 0.3, "20": 1.0}, 0.15, False, "fear"),
    "lip_press": Expression({"17": 0.5, "24": 1.0}, 0.08, False, "others"),
    "lips_part": Expression({"25": 1.0}, 0.12, False, "others"),
    "jaw_drop": Expression({"25": 0.4, "26": 1.0}, 0.18, False, "others"),
    "surprise": Expression({"1": 1.0, "2": 0.9, "26": 0.9}, 0.18, False, "surprise"),
}


def displacement(
    expression: Expression, side: str, landmarks: np.ndarray, iod: float, grid: np.ndarray
) -> np.ndarray:
    """Evaluate an expression on a grid.

    Args:
        expression: what moves.
        side: ``both``, ``left`` or ``right`` half as seen in the picture.
        landmarks: (68, 2) in the unit of ``grid``.
        iod: inter-ocular distance in the unit of ``grid``.
        grid: (h, w, 2) x and y of the nodes.

    Returns:
        (h, w, 2) float64 displacement whose largest length is 1.
    """
    field = np.zeros(grid.shape)
    for name, weight in expression.weights.items():
        for bump in ACTIONS[name]:
            if side != "right":
                field += weight * _bump(bump, 1.0, landmarks, iod, grid)
            if side != "left":
                field += weight * _bump(bump, -1.0, landmarks, iod, grid)
    return field / np.linalg.norm(field, axis=-1).max()


def _bump(
    bump: Bump, mirror: float, landmarks: np.ndarray, iod: float, grid: np.ndarray
) -> np.ndarray:
    points = np.array(bump.points)
    centre = landmarks[points if mirror > 0 else MIRROR[points]].mean(axis=0)
    # x of a bump grows away from the mid line, which is to the left in the left half
    outward = np.array([-mirror, 1.0])
    offset = (grid - centre - outward * np.array(bump.shift) * iod) / (np.array(bump.sigma) * iod)
    height = np.exp(-0.5 * (offset**2).sum(axis=-1, keepdims=True))
    return height * outward * np.array(bump.move)
