"""Dense flow by polynomial expansion, with everything that belongs to the reference done once.

Around every pixel an image is a quadratic polynomial; a shift changes its linear part by the
curvature times the shift (Farneback 2003). Farneback averages the curvatures of both images, so
that all the work is done anew for every pair. Here the curvature of the reference stands alone:
at the solution, where the frame is shifted back onto the reference, both are the same anyway
(the argument of inverse-compositional alignment, Baker and Matthews 2004). The normal equations
of the windows are then solved once per reference, and of a frame only the two linear coefficients
are needed.
"""

from __future__ import annotations

import cv2
import numpy as np

_REACH = 4  # px to each side, of the polynomial's neighbourhood
_SIGMA = 1.1  # px, of its weights
_WINDOW = 11  # px, width of the window whose pixels move together
_STEPS = (2, 2, 3)  # at full size, at a half, at a quarter
_FAR = 1.5  # px at half size: more is first looked for at a quarter
_DAMPING = 1e-3  # of the determinant of the normal equations: no motion where there is no texture
_RIM = 5  # px at the border, whose polynomials look beyond it; their weight rises over them

_OFFSETS = np.arange(-_REACH, _REACH + 1)
_WEIGHTS = np.exp(-0.5 * (_OFFSETS / _SIGMA) ** 2)
_WEIGHTS /= _WEIGHTS.sum()
_SECOND, _FOURTH = _WEIGHTS @ _OFFSETS**2, _WEIGHTS @ _OFFSETS**4
# filters that give the weighted least-squares coefficients of 1, x and x^2 along one axis; a
# square less its mean is orthogonal to the constant
_TILT = _WEIGHTS * _OFFSETS / _SECOND
_BEND = _WEIGHTS * (_OFFSETS**2 - _SECOND) / (_FOURTH - _SECOND**2)


class Reference:
    """Flow from one reference image to any number of frames; several threads may call it.

    Args:
        image: uint8 (H, W) grey.
    """

    def __init__(self, image: np.ndarray) -> None:
        self._shape = image.shape
        image = image.astype(np.float32)
        self._levels = []
        for steps in _STEPS:
            self._levels.append(_Level(image, steps))
            image = _halved(image)

    def flow(self, frame: np.ndarray) -> np.ndarray:
        """Return where each pixel of the reference went in a uint8 (H, W) frame.

        Returns:
            float32 (H, W, 2) px, x right and y down.
        """
        full, half, quarter = self._levels
        frame = frame.astype(np.float32)
        small = _halved(frame)
        flow = half.improve(small, half.none)
        if np.abs(flow).max() > _FAR:
            flow = quarter.improve(_halved(small), quarter.none)
            flow = half.improve(small, _enlarged(flow, small.shape))
        return cv2.merge(full.improve(frame, _enlarged(flow, frame.shape)))


class _Level:
    """One level of the pyramid: a float32 (h, w) reference."""

    def __init__(self, image: np.ndarray, steps: int) -> None:
        self._steps = steps
        self.none = np.zeros((2, *image.shape), np.float32)
        height, width = image.shape
        self._x, self._y = np.meshgrid(
            np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
        )
        xx, xy, yy = _curvature(image)
        self._first = np.stack([xx, xy])  # (2, h, w) the curvature's two columns
        self._second = np.stack([xy, yy])
        self._linear = np.stack(_slope(image))  # (2, h, w)
        weight = np.outer(_rim(height), _rim(width))
        self._pulls = self._first * weight, self._second * weight
        a = _window(weight * (xx * xx + xy * xy))
        b = _window(weight * ((xx + yy) * xy))
        c = _window(weight * (yy * yy + xy * xy))
        inverse = 1 / (a * c - b * b + _DAMPING)
        self._left = np.stack([c, -b]) * inverse  # (2, h, w) of the inverse normal matrix
        self._right = np.stack([-b, a]) * inverse

    def improve(self, frame: np.ndarray, flow: np.ndarray) -> np.ndarray:
        """Improve a flow (2, h, w) px to a float32 (h, w) frame."""
        slope = _slope(frame)
        seen = np.empty_like(flow)
        for _ in range(self._steps):
            x, y = flow
            across, down = self._x + x, self._y + y
            for part, moved in zip(slope, seen, strict=True):
                cv2.remap(
                    part, across, down, cv2.INTER_LINEAR, moved, borderMode=cv2.BORDER_REPLICATE
                )
            wanted = self._linear - seen  # (2, h, w) curvature times shift
            # what left the picture pulls nowhere: the replicated rim would drag it on and on
            wanted *= _inside(across, down)
            wanted += self._first * x
            wanted += self._second * y
            pull = self._pulls[0] * wanted[0]
            pull += self._pulls[1] * wanted[1]
            flow = self._left * _window(pull[0])
            flow += self._right * _window(pull[1])
        return flow


def _slope(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half the linear coefficients (h, w) along x and y of the fitted polynomials."""
    return _filtered(image, 0.5 * _TILT, _WEIGHTS), _filtered(image, _WEIGHTS, 0.5 * _TILT)


def _curvature(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quadratic coefficients (h, w) xx, xy, yy; xy is half that of the product."""
    return (
        _filtered(image, _BEND, _WEIGHTS),
        _filtered(image, 0.5 * _TILT, _TILT),
        _filtered(image, _WEIGHTS, _BEND),
    )


def _filtered(image: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    return cv2.sepFilter2D(image, cv2.CV_32F, across, down, borderType=cv2.BORDER_REPLICATE)


def _rim(size: int) -> np.ndarray:
    """(size,) weights of the pixels along one axis."""
    place = np.arange(size)
    away = np.minimum(place, place[::-1])  # px to the nearer border
    return np.minimum((away + 1) / (_RIM + 1), 1).astype(np.float32)


def _inside(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Tell which positions (h, w), px, lie in a picture of that size."""
    height, width = across.shape
    return (across >= 0) & (across <= width - 1) & (down >= 0) & (down <= height - 1)


def _window(values: np.ndarray) -> np.ndarray:
    return cv2.boxFilter(values, cv2.CV_32F, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REPLICATE)


def _halved(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    half = (width + 1) // 2, (height + 1) // 2
    return cv2.resize(image, half, interpolation=cv2.INTER_AREA)


def _enlarged(flow: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bring a flow (2, h, w) to a larger image."""
    x, y = (cv2.resize(part, shape[::-1]) for part in flow)
    return np.stack([x * (shape[1] / flow.shape[2]), y * (shape[0] / flow.shape[1])])
