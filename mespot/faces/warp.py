"""Cutting the face's neighbourhood out of a frame and warping it into a crop.

Large faces are shrunk in two clean steps: whole boxes of pixels are averaged first, and what is
left is warped at twice the crop's size and averaged again, so that fine texture does not alias
into false motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from mespot.faces.geometry import invert, scale_of

_MARGIN = 0.25  # of the crop, on each side: room for the motion within one step and for smoothing


@dataclass(frozen=True)
class Shrink:
    """How a track's crops are reduced; fixed per track, so that sharpness does not wander.

    Attributes:
        boxes: frame pixels per averaged pixel, in each direction.
        supersample: whether crops are warped at twice their size and then averaged.
        method: OpenCV's interpolation of the warp.
    """

    boxes: int
    supersample: bool
    method: int

    @classmethod
    def of(cls, matrix: np.ndarray) -> Shrink:
        """Choose for a (2, 3) transform from frame px to crop px."""
        ratio = 1 / scale_of(matrix)
        boxes = max(1, int(ratio))
        # Bilinear weights cover two pixels, which is enough for steps of up to 1.4 of them.
        # Enlarging is done with a cubic: bilinear blur would change with the sub-pixel position.
        method = cv2.INTER_CUBIC if ratio < 1 else cv2.INTER_LINEAR
        return cls(boxes, ratio / boxes > 1.4, method)


@dataclass(frozen=True)
class Patch:
    """The neighbourhood of a face, cut out of a frame.

    Attributes:
        pixels: (h, w) or (h, w, 3) uint8, reduced by ``boxes``.
        origin: (2,) frame px of the patch's left top corner pixel before reduction.
        boxes: frame pixels per patch pixel.
    """

    pixels: np.ndarray
    origin: np.ndarray
    boxes: int

    def grey(self) -> Patch:
        """Return the same patch in grey."""
        if self.pixels.ndim == 2:
            return self
        return Patch(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), self.origin, self.boxes)

    def matrix(self, matrix: np.ndarray) -> np.ndarray:
        """Turn a transform of frame px into one of patch px."""
        offset = self.origin + (self.boxes - 1) / 2
        result = matrix * self.boxes
        result[:, 2] = matrix[:, :2] @ offset + matrix[:, 2]
        return result

    def part(self, matrix: np.ndarray, low: np.ndarray, high: np.ndarray) -> Patch:
        """Return what a rectangle of a crop covers, as a view.

        Args:
            matrix: (2, 3) frame px to crop px.
            low: (2,) left top corner, crop px.
            high: (2,) right bottom corner.
        """
        (a, b, x), (c, d, y) = invert(self.matrix(matrix)).tolist()
        (u, v), (half_u, half_v) = (0.5 * (low + high)).tolist(), (0.5 * (high - low)).tolist()
        height, width = self.pixels.shape[:2]
        left, right = _boxes(a * u + b * v + x, abs(a) * half_u + abs(b) * half_v, width, 1)
        top, bottom = _boxes(c * u + d * v + y, abs(c) * half_u + abs(d) * half_v, height, 1)
        origin = self.origin + np.array([left, top]) * self.boxes
        return Patch(self.pixels[top:bottom, left:right], origin, self.boxes)

    def blurred(self, matrix: np.ndarray, sigma: float) -> Patch:
        """Return the same patch under a Gaussian of ``sigma`` px of the crop of ``matrix``."""
        sigma /= scale_of(matrix) * self.boxes
        side = 2 * math.ceil(2 * sigma) + 1
        pixels = cv2.GaussianBlur(self.pixels, (side, side), sigma)
        return Patch(pixels, self.origin, self.boxes)

    def sample(self, matrix: np.ndarray, spots: np.ndarray) -> np.ndarray:
        """Return the pixels of a crop at some places only.

        Args:
            matrix: (2, 3) frame px to crop px.
            spots: (h, n, 2) float32 crop px.

        Returns:
            (h, n) or (h, n, 3) uint8.
        """
        places = cv2.transform(spots, invert(self.matrix(matrix)))
        return cv2.remap(
            self.pixels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    def warp(self, matrix: np.ndarray, size: int, method: int = cv2.INTER_LINEAR) -> np.ndarray:
        """Warp to a (size, size) crop; ``matrix`` is (2, 3) frame px to crop px."""
        return cv2.warpAffine(
            self.pixels,
            self.matrix(matrix),
            (size, size),
            flags=method,
            borderMode=cv2.BORDER_REPLICATE,
        )


def cut(image: np.ndarray, matrix: np.ndarray, size: int, shrink: Shrink) -> Patch:
    """Cut out what a crop and its margin cover.

    Args:
        image: (H, W) or (H, W, 3) uint8 frame.
        matrix: (2, 3) frame px to crop px.
        size: crop width and height, px.
        shrink: reduction of the track.

    Returns:
        a patch that owns its pixels: it does not keep the frame alive.
    """
    boxes = shrink.boxes
    h, w = image.shape[:2]
    (a, b, x), (c, d, y) = invert(matrix).tolist()
    middle, half = 0.5 * size, (0.5 + _MARGIN) * size
    # Whole boxes counted from the frame's corner: their phase is the same in all frames.
    left, right = _boxes(a * middle + b * middle + x, (abs(a) + abs(b)) * half, w // boxes, boxes)
    top, bottom = _boxes(c * middle + d * middle + y, (abs(c) + abs(d)) * half, h // boxes, boxes)
    pixels = image[top * boxes : bottom * boxes, left * boxes : right * boxes]
    if boxes > 1:
        pixels = cv2.resize(pixels, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    else:
        pixels = pixels.copy()
    return Patch(pixels, np.array([left, top], dtype=np.float64) * boxes, boxes)


def _boxes(centre: float, reach: float, count: int, boxes: int) -> tuple[int, int]:
    """Return the first box, and one past the last, that cover ``centre`` +- ``reach`` px."""
    first, last = math.floor((centre - reach) / boxes), math.ceil((centre + reach) / boxes)
    first = min(max(first, 0), max(count - 8, 0))
    return first, min(max(last, min(first + 8, count)), count)


def render(patch: Patch, matrix: np.ndarray, size: int, shrink: Shrink) -> np.ndarray:
    """Return the final (size, size[, 3]) uint8 crop of a patch.

    Args:
        patch: pixels around the face.
        matrix: (2, 3) frame px to crop px.
        size: crop width and height, px.
        shrink: reduction of the track.
    """
    if not shrink.supersample:
        return patch.warp(matrix, size, shrink.method)
    double = matrix * 2
    double[:, 2] += 0.5
    large = patch.warp(double, 2 * size)
    return cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)
