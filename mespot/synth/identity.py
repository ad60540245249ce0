"""Persons of the embedded data: the portrait under smooth warps and other tones.

Lengths of a finished identity are fractions of the frame width, so that it can be rendered at any
size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.synth.portrait import LANDMARKS, MIRROR, pupils

_MIDDLE = pupils(LANDMARKS).mean(axis=0)


@dataclass(frozen=True, eq=False)
class Identity:
    """One person in front of one background.

    Attributes:
        shape: (n, 8) local warps of the portrait, per row the centre x, y, the shift x, y, the
            stretch x, y and the spread x, y (portrait pixels; the stretch is a factor).
        mirrored: whether left and right are swapped.
        scale: frame widths per portrait pixel.
        eyes: (2,) middle between the pupils, frame widths.
        skin: (3,) RGB gains of the face.
        hair: (3,) RGB gains of the hair.
        gamma: exponent of the face tone.
        surround: (3, 3) colour matrix of everything around the head.
        contrast: factor around mid grey of the whole picture.
        grain_seed: seed of skin grain and freckles.
        freckles: number of freckles.
    """

    shape: np.ndarray
    mirrored: bool
    scale: float
    eyes: np.ndarray
    skin: np.ndarray
    hair: np.ndarray
    gamma: float
    surround: np.ndarray
    contrast: float
    grain_seed: int
    freckles: int

    @property
    def landmarks(self) -> np.ndarray:
        """(68, 2) landmarks of the resting face, frame widths."""
        points = self.to_frame(LANDMARKS + warp(self.shape, LANDMARKS))
        return points[MIRROR] if self.mirrored else points

    @property
    def pupil_distance(self) -> float:
        """Inter-ocular distance (IOD), frame widths: the unit of motion."""
        return float(np.linalg.norm(np.diff(pupils(self.landmarks), axis=0)))

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Map points of the warped portrait (pixels) to the frame (frame widths)."""
        offset = (points - _MIDDLE) * self.scale
        if self.mirrored:
            offset = offset * np.array([-1.0, 1.0])
        return self.eyes + offset

    def to_portrait(self, points: np.ndarray) -> np.ndarray:
        """Invert ``to_frame``."""
        offset = (points - self.eyes) / self.scale
        if self.mirrored:
            offset = offset * np.array([-1.0, 1.0])
        return offset + _MIDDLE


def warp(shape: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the displacement (..., 2) of ``points`` (..., 2) by local warps (n, 8)."""
    moved = np.zeros(points.shape)
    for row in shape:
        offset = points - row[0:2]
        height = np.exp(-0.5 * ((offset / row[6:8]) ** 2).sum(axis=-1, keepdims=True))
        moved += height * (row[2:4] + row[4:6] * offset)
    return moved


def make_identity(rng: np.random.Generator) -> Identity:
    """Draw a person; the same state of ``rng`` gives the same person."""
    tone = rng.uniform(-1.0, 1.0)
    warm = rng.uniform(-0.06, 0.06)
    hue = rng.uniform(-0.35, 0.35)
    gains = np.exp(rng.uniform(-0.25, 0.15, 3))
    mixing = np.eye(3) * (1.0 - abs(hue)) + np.roll(np.eye(3), 1 if hue > 0 else 2, 1) * abs(hue)
    shape = _draw_shape(rng)
    eyes_apart = np.diff(pupils(LANDMARKS + warp(shape, LANDMARKS)), axis=0)
    return Identity(
        shape=shape,
        mirrored=bool(rng.random() < 0.5),
        scale=float(rng.uniform(0.19, 0.225) / np.linalg.norm(eyes_apart)),
        eyes=np.array([rng.uniform(0.47, 0.53), rng.uniform(0.46, 0.50)]),
        skin=np.array([1.0 + warm, 1.0, 1.0 - warm]) * (1.0 - 0.08 * max(tone, 0.0)),
        hair=np.array([1.0, 1.0 - rng.uniform(0.0, 0.1), 1.0]) * np.exp(rng.uniform(-0.9, 0.1)),
        gamma=float(np.exp(0.35 * tone)),
        surround=mixing * gains[:, None],
        contrast=float(rng.uniform(0.85, 1.05)),
        grain_seed=int(rng.integers(2**31)),
        freckles=int(rng.integers(0, 40)),
    )


def _draw_shape(rng: np.random.Generator) -> np.ndarray:
    """Draw the local warps; ranges keep the face plausible and the warp free of folds."""
    left, right = pupils(LANDMARKS)
    nose, mouth = LANDMARKS[31:36].mean(axis=0), LANDMARKS[48:60].mean(axis=0)
    teeth, chin = LANDMARKS[60:68].mean(axis=0), LANDMARKS[8]
    apart, brow_lift, brow_tilt = rng.uniform(-2.0, 2.0), rng.uniform(-2.5, 1.5), rng.normal(0, 0.7)
    eye_size = rng.uniform(-0.12, 0.12)
    rows = [
        (*_MIDDLE + (0, 25), 0, 0, rng.uniform(-0.14, 0.14), 0, 45, 50),
        (*left, -apart, 0, eye_size, eye_size, 13, 10),
        (*right, apart, 0, eye_size, eye_size, 13, 10),
        (*LANDMARKS[19], 0, brow_lift - brow_tilt, 0, 0, 14, 9),
        (*LANDMARKS[24], 0, brow_lift + brow_tilt, 0, 0, 14, 9),
        (*nose, 0, rng.uniform(-2.0, 2.0), rng.uniform(-0.22, 0.3), 0, 13, 11),
        (*mouth, 0, rng.uniform(-1.5, 2.0), rng.uniform(-0.2, 0.08), 0, 22, 14),
        (*teeth, 0, 0, 0, rng.uniform(-0.55, 0.05), 17, 6),
        (*LANDMARKS[48], 0, rng.uniform(-0.5, 2.5), 0, 0, 8, 9),
        (*LANDMARKS[54], 0, rng.uniform(-0.5, 2.5), 0, 0, 8, 9),
        (*chin, 0, rng.uniform(-4.0, 4.0), 0, 0, 25, 16),
        (*LANDMARKS[5], rng.uniform(-3.0, 3.0), 0, 0, 0, 16, 18),
        (*LANDMARKS[11], rng.uniform(-3.0, 3.0), 0, 0, 0, 16, 18),
    ]
    return np.array(rows, dtype=np.float64)
