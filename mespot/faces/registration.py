"""Sub-pixel registration of face crops against a reference crop.

Inverse-compositional Lucas-Kanade (Baker and Matthews 2004) for a similarity, with a gain and a
bias of the brightness for each part of the face (light from the side changes them differently).
It is robust twice: pixels that do not fit (a moving lid, a hair) lose their
weight, and so do whole parts of the face that move on their own (a nose in a wrinkle, an eye
corner under a raised brow), which fit well but elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from mespot.faces.geometry import similarity

_PART_PIXELS = 160  # pixels that speak for each part; more add time, hardly precision
_NOISE_FLOOR = 2.0  # grey levels; smaller residuals are noise and never outliers
_DRIFT_FLOOR = 0.05  # px; smaller motion of a part against the others is noise
_TUKEY = 4.685  # the biweight's usual width, in standard deviations
_PART_ROUNDS = ((1, 4), (2, 3))  # power of the distance in the weights, and rounds at most
_SETTLED = 5e-3  # px; rounds that change the motion by less are the last ones
_DAMPING = 1e-9 * np.eye(4)
_LIGHT_DAMPING = 1e-6
_RIDGE = 0.02  # of a part's strongest texture: directions with less say nothing about its motion


@dataclass(frozen=True)
class Fit:
    """One registration step.

    Attributes:
        step: (2, 3) similarity from crop px to reference px, near the identity.
        motion: largest displacement of the step inside the parts, px.
        correlation: of reference and crop inside the parts before the step, in [-1, 1].
        inliers: share of weight that survived, in [0, 1].
    """

    step: np.ndarray
    motion: float
    correlation: float
    inliers: float


class Template:
    """A reference image with everything that does not depend on the current frame.

    Args:
        image: (h, w) reference crop.
        parts: (h, w) bool masks, one per part of the face that moves as a whole.
    """

    def __init__(self, image: np.ndarray, parts: list[np.ndarray]) -> None:
        reference = image.astype(np.float32)
        self._pixels = np.stack([_sample(part) for part in parts if part.any()])  # (parts, n)
        y, x = np.divmod(self._pixels, image.shape[1])
        self._centre = np.array([x.mean(), y.mean()])
        x, y = x - self._centre[0], y - self._centre[1]
        self._radius = float(np.sqrt(x**2 + y**2).max())
        across = cv2.Scharr(reference, cv2.CV_32F, 1, 0, scale=1 / 32).ravel()[self._pixels]
        down = cv2.Scharr(reference, cv2.CV_32F, 0, 1, scale=1 / 32).ravel()[self._pixels]
        values = reference.ravel()[self._pixels]
        self._values, self._spread, self._norm = _centre(values)
        columns = [
            across,
            down,
            down * x - across * y,
            across * x + down * y,
            self._values,
            np.ones_like(across),
        ]
        self._columns = np.stack(columns, axis=1).astype(np.float32)  # (parts, 6, n)
        self._rows = np.ascontiguousarray(self._columns.transpose(0, 2, 1))  # (parts, n, 6)

    def fit(self, image: np.ndarray) -> Fit:
        """Return the step that brings ``image`` (h, w) closer to the reference."""
        values = image.ravel().take(self._pixels).astype(np.float32)
        centred, spread, norm = _centre(values)
        correlation = float(np.vdot(centred, self._values)) / (norm * self._norm + 1e-6)
        error = centred * (self._spread / spread) - self._values
        deviation = np.partition(np.abs(error).ravel(), error.size // 2)[error.size // 2]
        scale = max(1.4826 * float(deviation), _NOISE_FLOOR)
        weights = _biweight(error, scale)
        weighted = self._columns * weights[:, None]  # (parts, 6, n)
        normal = (weighted @ self._rows).astype(np.float64)
        right = (weighted @ error[..., None])[..., 0].astype(np.float64)
        normal, right = _without_light(normal, right)
        shift_x, shift_y, turn, growth = _solve_parts(normal, right, self._radius).tolist()
        step = similarity(
            math.atan2(turn, 1 + growth),
            0.5 * math.log((1 + growth) ** 2 + turn**2),
            self._centre,
            self._centre + (shift_x, shift_y),
        )
        motion = math.hypot(shift_x, shift_y) + math.hypot(turn, growth) * self._radius
        return Fit(step, motion, correlation, float(weights.mean()))


def _centre(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return (parts, n) values less their part's mean, (parts, 1) deviations, norm of them all."""
    count = np.float32(values.shape[1])
    centred = values - np.add.reduce(values, axis=1, keepdims=True) / count
    squares = np.einsum("pn,pn->p", centred, centred)[:, None]
    return centred, np.sqrt(squares / count) + np.float32(1), math.sqrt(squares.sum())


def _without_light(normal: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eliminate each part's gain and bias from its normal equations (Schur complement).

    Args:
        normal: (parts, 6, 6), the last two unknowns being gain and bias.
        right: (parts, 6).

    Returns:
        (parts, 4, 4) and (parts, 4) equations of the motion alone.
    """
    (a, b), (_, d) = normal[:, 4:, 4:].transpose(1, 2, 0)  # each (parts,)
    a, d = a + _LIGHT_DAMPING, d + _LIGHT_DAMPING
    inverse = (np.array([[d, -b], [-b, a]]) / (a * d - b * b)).transpose(2, 0, 1)
    factor = normal[:, :4, 4:] @ inverse  # (parts, 4, 2)
    motion = normal[:, :4, :4] - factor @ normal[:, 4:, :4]
    return motion, right[:, :4] - (factor @ right[:, 4:, None])[..., 0]


def _solve_parts(normal: np.ndarray, right: np.ndarray, radius: float) -> np.ndarray:
    """Solve the normal equations of all parts, down-weighting parts that move on their own.

    The first rounds find the solution with the least sum of distances, which has no second
    optimum; the last ones (Cauchy's weights) then let go of the parts that stayed far away.

    Args:
        normal: (parts, 4, 4).
        right: (parts, 4).
        radius: px, distance from the centre at which rotation and growth count.

    Returns:
        (4,) shift x and y, px, rotation and growth about the centre.
    """
    count = len(normal)
    flat = normal.reshape(count, 16)
    solution = _solve(flat.sum(axis=0), right.sum(axis=0))
    if count == 1:
        return solution
    # How far a part has moved on its own is linear in the solution: (2 * count, 4), x before y.
    (a, b), (_, d) = normal[:, :2, :2].transpose(1, 2, 0)  # each (parts,)
    ridge = _RIDGE * (a + d) + 1e-9
    a, d = a + ridge, d + ridge
    inverse = np.array([[d, -b], [-b, a]]) / (a * d - b * b)  # (2, 2, parts)
    equations = np.concatenate([right[:, :2, None], normal[:, :2]], axis=2)  # (parts, 2, 5)
    lines = np.einsum("ijp,pjk->ipk", inverse, equations).reshape(2 * count, 5)
    rest, slopes = lines[:, 0].copy(), lines[:, 1:].copy()
    every = np.concatenate([flat, right], axis=1)  # (parts, 20)
    for power, rounds in _PART_ROUNDS:
        for _ in range(rounds):
            moved = rest - slopes @ solution  # px
            moved *= moved
            squared = moved[:count] + moved[count:]
            scale = max(sorted(squared.tolist())[count // 2], _DRIFT_FLOOR**2)
            trust = 1 / (1 + squared / scale)
            total = (np.sqrt(trust) if power == 1 else trust) @ every
            before, solution = solution, _solve(total[:16], total[16:])
            x, y, turn, growth = (solution - before).tolist()
            if abs(x) + abs(y) + (abs(turn) + abs(growth)) * radius < _SETTLED:
                break
    return solution


def _solve(normal: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve (16,) normal equations for (4,), slightly damped."""
    return np.linalg.solve(normal.reshape(4, 4) + _DAMPING, right)


def _biweight(residual: np.ndarray, scale: float) -> np.ndarray:
    return np.square(np.maximum(1 - np.square(residual / (_TUKEY * scale)), 0))


def _sample(part: np.ndarray) -> np.ndarray:
    """Return evenly spread pixel numbers of a part, always equally many."""
    pixels = np.flatnonzero(part)
    return pixels[np.linspace(0, len(pixels) - 1, _PART_PIXELS).round().astype(int)]
