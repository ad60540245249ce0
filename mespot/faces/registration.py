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
_DAMPING = 1e-9  # of the normal equations, against flat patches
_LIGHT_DAMPING = 1e-6  # of contrast and brightness, likewise
_RIDGE = 0.02  # of a part's strongest texture: directions with less say nothing about its motion


Solution = tuple[float, float, float, float]
"""Shift x and y, px, rotation and growth about the centre."""


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

    Attributes:
        spots: (parts, n, 2) float32 x and y of the pixels that are compared.
    """

    def __init__(self, image: np.ndarray, parts: list[np.ndarray]) -> None:
        reference = image.astype(np.float32)
        self._pixels = np.stack([_sample(part) for part in parts if part.any()])  # (parts, n)
        y, x = np.divmod(self._pixels, image.shape[1])
        self.spots = np.stack([x, y], axis=-1).astype(np.float32)
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
        # the same, and room for the error after the motion: both sides of the equations at once
        self._rows = np.empty((*self._pixels.shape, 7), np.float32)  # (parts, n, 7)
        self._rows[..., [0, 1, 2, 3, 5, 6]] = self._columns.transpose(0, 2, 1)

    def values(self, image: np.ndarray) -> np.ndarray:
        """Return the pixels of an (h, w) image that are compared, (parts, n)."""
        return image.ravel().take(self._pixels)

    def fit(self, values: np.ndarray) -> Fit:
        """Return the step that brings an image closer to the reference.

        Args:
            values: (parts, n) grey levels of the image at :attr:`spots`.
        """
        centred, spread, norm = _centre(values.astype(np.float32))
        correlation = float(np.vdot(centred, self._values)) / (norm * self._norm + 1e-6)
        error = centred * (self._spread / spread) - self._values
        deviation = np.partition(np.abs(error).ravel(), error.size // 2)[error.size // 2]
        scale = max(1.4826 * float(deviation), _NOISE_FLOOR)
        weights = _biweight(error, scale)
        self._rows[..., 4] = error
        weighted = self._columns * weights[:, None]  # (parts, 6, n)
        equations = _without_light((weighted @ self._rows).astype(np.float64))
        shift_x, shift_y, turn, growth = _solve_parts(equations, self._radius)
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


def _without_light(equations: np.ndarray) -> np.ndarray:
    """Eliminate each part's gain and bias from its normal equations (Schur complement).

    Args:
        equations: (parts, 6, 7), of motion, then gain and bias; columns the same with the right
            side before gain and bias.

    Returns:
        (parts, 4, 5) equations of the motion alone.
    """
    (a, b), (_, d) = equations[:, 4:, 5:].transpose(1, 2, 0)  # each (parts,)
    inverse = _inverse(a + _LIGHT_DAMPING, b, d + _LIGHT_DAMPING).transpose(2, 0, 1)
    return equations[:, :4, :5] - equations[:, :4, 5:] @ (inverse @ equations[:, 4:, :5])


def _inverse(a: np.ndarray, b: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return the inverses (2, 2, n) of the matrices a b, b d, each (n,)."""
    inverse = np.empty((2, 2, len(a)))
    inverse[0, 0], inverse[1, 1] = d, a
    inverse[0, 1] = inverse[1, 0] = -b
    inverse /= a * d - b * b
    return inverse


def _solve_parts(equations: np.ndarray, radius: float) -> Solution:
    """Solve the normal equations of all parts, down-weighting parts that move on their own.

    The first rounds find the solution with the least sum of distances, which has no second
    optimum; the last ones (Cauchy's weights) then let go of the parts that stayed far away.

    Args:
        equations: (parts, 4, 5), the right side last.
        radius: px, distance from the centre at which rotation and growth count.

    Returns:
        shift x and y, px, rotation and growth about the centre.
    """
    count = len(equations)
    every = equations.reshape(count, 20)
    solution = _solve(every.sum(axis=0))
    if count == 1:
        return solution
    # How far a part has moved on its own is linear in the solution: (2 * count, 5), x before y.
    (a, b), (_, d) = equations[:, :2, :2].transpose(1, 2, 0)  # each (parts,)
    ridge = _RIDGE * (a + d) + 1e-9
    inverse = _inverse(a + ridge, b, d + ridge)
    lines = np.einsum("ijp,pjk->ipk", inverse, equations[:, :2]).reshape(2 * count, 5)
    for power, rounds in _PART_ROUNDS:
        for _ in range(rounds):
            moved = lines @ (*solution, -1.0)  # px
            moved *= moved
            squared = moved[:count] + moved[count:]
            scale = max(sorted(squared.tolist())[count // 2], _DRIFT_FLOOR**2)
            squared /= scale
            squared += 1.0
            trust = np.reciprocal(np.sqrt(squared) if power == 1 else squared)
            before, solution = solution, _solve(trust @ every)
            if _changed(before, solution, radius) < _SETTLED:
                break
    return solution


def _changed(before: Solution, now: Solution, radius: float) -> float:
    """Bound of how much two solutions differ, px."""
    (a, b, c, d), (e, f, g, h) = before, now
    return abs(a - e) + abs(b - f) + (abs(c - g) + abs(d - h)) * radius


def _solve(equations: np.ndarray) -> Solution:
    """Solve symmetric, slightly damped equations, (20,) as rows of 4 and a right side.

    Elimination without pivots, which a positive definite matrix does not need; a library's call
    takes several times as long for so few numbers.
    """
    a, b, c, d, p, _, e, f, g, q, _, _, h, i, r, _, _, _, j, s = equations.tolist()
    a, e, h, j = a + _DAMPING, e + _DAMPING, h + _DAMPING, j + _DAMPING
    k, m, n = b / a, c / a, d / a
    e, f, g, q = e - k * b, f - k * c, g - k * d, q - k * p
    h, i, r = h - m * c, i - m * d, r - m * p
    j, s = j - n * d, s - n * p
    k, m = f / e, g / e
    h, i, r = h - k * f, i - k * g, r - k * q
    j, s = j - m * g, s - m * q
    k = i / h
    w = (s - k * r) / (j - k * i)
    z = (r - i * w) / h
    y = (q - f * z - g * w) / e
    return (p - b * y - c * z - d * w) / a, y, z, w


def _biweight(residual: np.ndarray, scale: float) -> np.ndarray:
    return np.square(np.maximum(1 - np.square(residual / (_TUKEY * scale)), 0))


def _sample(part: np.ndarray) -> np.ndarray:
    """Return evenly spread pixel numbers of a part, always equally many."""
    pixels = np.flatnonzero(part)
    return pixels[np.linspace(0, len(pixels) - 1, _PART_PIXELS).round().astype(int)]
