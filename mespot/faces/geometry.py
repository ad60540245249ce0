"""Similarity transforms: 2x3 matrices, their pose parameters, weighted fits.

A matrix maps frame pixels to crop pixels, ``y = M[:, :2] @ x + M[:, 2]``; pixel centres lie at
whole numbers. Its *pose* is (cx, cy, angle, log scale): the frame position that falls on the
crop's anchor (the middle between the eyes), the rotation and the log of crop px per frame px.
Poses can be averaged and interpolated, matrices cannot.
"""

from __future__ import annotations

import math

import numpy as np


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Return the (2, 3) transform that applies ``inner`` first, then ``outer``."""
    result = outer[:, :2] @ inner
    result[:, 2] += outer[:, 2]
    return result


def invert(matrix: np.ndarray) -> np.ndarray:
    """Return the (2, 3) inverse of an affine transform."""
    (a, b, x), (c, d, y) = matrix.tolist()
    scale = 1 / (a * d - b * c)
    a, b, c, d = d * scale, -b * scale, -c * scale, a * scale
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y]])


def transform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map (n, 2) points, or one (2,), through a (2, 3) transform; float64."""
    return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]


def scale_of(matrix: np.ndarray) -> float:
    """Return the scale of a similarity (crop px per frame px)."""
    (a, b, _), (c, d, _) = matrix.tolist()
    return math.sqrt(abs(a * d - b * c))


def similarity(
    angle: float, log_scale: float, centre: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """Return the similarity that rotates by ``angle``, scales, and maps ``centre`` to ``target``.

    Args:
        angle: radians, from +x towards +y.
        log_scale: natural logarithm of the scale.
        centre: (2,) point before.
        target: (2,) point after.
    """
    scale = math.exp(log_scale)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    (x, y), (to_x, to_y) = centre, target
    return np.array([[cos, -sin, to_x - cos * x + sin * y], [sin, cos, to_y - sin * x - cos * y]])


def pose_of(matrix: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """Return the pose (4,) of a similarity; see the module text."""
    x, y = transform(invert(matrix), anchor)
    angle = math.atan2(matrix[1, 0], matrix[0, 0])
    return np.array([x, y, angle, math.log(scale_of(matrix))])


def matrix_of(pose: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """Return the (2, 3) similarity of a pose; inverse of :func:`pose_of`."""
    return similarity(pose[2], pose[3], pose[:2], anchor)


def fit_similarity(
    source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Least-squares similarity from points to points (Umeyama 1991, without reflection).

    Args:
        source: (n, 2) points before, n >= 2.
        target: (n, 2) points after.
        weights: (n,) non-negative weights; equal when absent.

    Returns:
        (2, 3) matrix.
    """
    before = np.asarray(source, dtype=np.float64) @ np.array([1, 1j])
    after = np.asarray(target, dtype=np.float64) @ np.array([1, 1j])
    weights = np.ones(len(before)) if weights is None else np.asarray(weights, dtype=np.float64)
    weights = weights / weights.sum()
    mean_before, mean_after = weights @ before, weights @ after
    centred = before - mean_before
    factor = (weights * centred.conj()) @ (after - mean_after) / (weights @ np.abs(centred) ** 2)
    shift = mean_after - factor * mean_before
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )


def rescale(matrix: np.ndarray, old: int, new: int) -> np.ndarray:
    """Turn a transform into a crop of ``old`` px into the one into the same crop at ``new`` px."""
    ratio = new / old
    result = matrix * ratio
    result[:, 2] += 0.5 * ratio - 0.5
    return result
