"""Dense flow by polynomial expansion, with everything that belongs to the reference done once.

Around every pixel an image is a quadratic polynomial; a shift changes its linear part by the
curvature times the shift (Farneback 2003). Farneback averages the curvatures of both images, so
that all the work is done anew for every pair. Here the curvature of the reference stands alone:
at the solution, where the frame is shifted back onto the reference, both are the same anyway
(the argument of inverse-compositional alignment, Baker and Matthews 2004). The normal equations
of the windows are then solved once per reference, and of a frame only the two linear coefficients
are needed.

At full size every other pixel is asked, as on the white fields of a chessboard: neighbouring
polynomials share most of their pixels, and the black fields tell next to nothing new.
"""

from __future__ import annotations

import threading

import cv2
import numpy as np

_REACH = 3  # px to each side, of the polynomial's neighbourhood
_SIGMA = 1.1  # px, of its weights
_WINDOW = 11  # px, width of the window whose pixels move together
_STEPS = 2  # from a flow that is known roughly
_FAR = 0.8  # px at half size after one step: more is first looked for at a quarter
_DAMPING = 1e-3  # of the determinant of the normal equations: no motion where there is no texture
_RIM = 5  # px at the border, whose polynomials look beyond it; their weight rises over them

_Pair = tuple[np.ndarray, np.ndarray]  # float32 (h, w) along x, along y

_OFFSETS = np.arange(-_REACH, _REACH + 1)
_WEIGHTS = np.exp(-0.5 * (_OFFSETS / _SIGMA) ** 2)
_WEIGHTS /= _WEIGHTS.sum()
_SECOND, _FOURTH = _WEIGHTS @ _OFFSETS**2, _WEIGHTS @ _OFFSETS**4
# filters that give the weighted least-squares coefficients of 1, x and x^2 along one axis; a
# square less its mean is orthogonal to the constant
_TILT = _WEIGHTS * _OFFSETS / _SECOND
_HALF_TILT = 0.5 * _TILT
_BEND = _WEIGHTS * (_OFFSETS**2 - _SECOND) / (_FOURTH - _SECOND**2)


class Reference:
    """Flow from one reference image to any number of frames; several threads may call it.

    Args:
        image: uint8 (H, W) grey.
    """

    def __init__(self, image: np.ndarray) -> None:
        image = _even(image)
        small = _halved(image)
        self._full = _Level(image, 2)
        self._half = _Level(small)
        self._quarter = _Level(_halved(_even(small)))

    def flow(self, frame: np.ndarray) -> np.ndarray:
        """Return where each pixel of the reference went in a uint8 (H, W) frame.

        Returns:
            float32 (H, W, 2) px, x right and y down; the rows of a pair are the same.
        """
        height, width = frame.shape
        frame = _even(frame)
        small = _halved(frame)
        flow = self._half.start(small)
        if max(cv2.norm(part, cv2.NORM_INF) for part in flow) > _FAR:
            tiny = _halved(_even(small))
            flow = self._quarter.improve(tiny, self._quarter.start(tiny))
            flow = self._half.improve(small, self._half.enlarged(flow))
        flow = self._full.improve(frame, self._full.enlarged(flow))
        pairs = np.empty((len(flow[0]), 2, frame.shape[1], 2), np.float32)
        pairs[..., 0], pairs[..., 1] = (part[:, None] for part in flow)
        return pairs.reshape(*frame.shape, 2)[:height, :width]


class _Work(threading.local):
    """Arrays that each thread has of its own; new ones for every frame cost as much as the work.

    Args:
        image: height and width of the image.
        samples: rows and columns (h, w) of the pixels that are asked.
    """

    def __init__(self, image: tuple[int, int], samples: tuple[int, int]) -> None:
        self.slope = _pair(image)
        self.place, self.wanted, self.pull, self.mean, self.flow = (
            _pair(samples) for _ in range(5)
        )


class _Level:
    """One level of the pyramid.

    Args:
        image: float32 (height, width) reference.
        rows: of pixels that share a row of samples; with 2, every other pixel is left out.
    """

    def __init__(self, image: np.ndarray, rows: int = 1) -> None:
        self._rows = rows
        height, width = image.shape
        x, y = np.meshgrid(np.arange(width), np.arange(0, height, rows))
        y += x % rows  # (h, w) samples
        self._work = _Work(image.shape, x.shape)
        self._grid = x.astype(np.float32), y.astype(np.float32)
        self._linear = tuple(part[y, x] for part in _slope(image, self._work.slope))
        xx, xy, yy = (part[y, x] for part in _curvature(image))
        weight = np.outer(_rim(height), _rim(width))[y, x]
        self._curvature = _symmetric(xx, xy, yy)
        self._pull = _symmetric(weight * xx, weight * xy, weight * yy)
        a = self._averaged(weight * (xx * xx + xy * xy))
        b = self._averaged(weight * ((xx + yy) * xy))
        c = self._averaged(weight * (yy * yy + xy * xy))
        inverse = 1 / (a * c - b * b + _DAMPING)
        self._inverse = _symmetric(inverse * c, -inverse * b, inverse * a)  # normal matrix

    def start(self, frame: np.ndarray) -> _Pair:
        """Return the flow (h, w) px to a float32 frame, one step from no motion; all rows asked.

        It belongs to the thread, until its next call.
        """
        work = self._work
        _slope(frame, work.slope)
        for linear, seen, wanted in zip(self._linear, work.slope, work.wanted, strict=True):
            np.subtract(linear, seen, wanted)
        return self._solved()

    def improve(self, frame: np.ndarray, flow: _Pair) -> _Pair:
        """Return a better flow (h, w) px to a float32 frame; it belongs to the thread as well."""
        work = self._work
        _slope(frame, work.slope)
        for _ in range(_STEPS):
            for start, shift, place in zip(self._grid, flow, work.place, strict=True):
                np.add(start, shift, place)
            for linear, slope, wanted, (x, y) in zip(
                self._linear, work.slope, work.wanted, self._curvature, strict=True
            ):
                # what left the picture keeps the value of the reference, so that it pulls
                # nowhere: the replicated rim would drag it on and on
                np.copyto(wanted, linear)
                cv2.remap(
                    slope, *work.place, cv2.INTER_LINEAR, wanted,
                    borderMode=cv2.BORDER_TRANSPARENT,
                )  # fmt: skip
                np.subtract(linear, wanted, wanted)
                cv2.accumulateProduct(x, flow[0], wanted)
                cv2.accumulateProduct(y, flow[1], wanted)
            flow = self._solved()
        return flow

    def enlarged(self, flow: _Pair) -> _Pair:
        """Bring a flow (h, w) from the next smaller level to this one."""
        for part, own in zip(flow, self._work.flow, strict=True):
            height, width = own.shape
            large = cv2.resize(part, None, fx=2, fy=2 // self._rows)
            np.multiply(large[:height, :width], 2.0, own)
        return self._work.flow

    def _solved(self) -> _Pair:
        """Return the flow (h, w) that explains ``wanted`` best, curvature times shift."""
        work = self._work
        for (x, y), pull, mean in zip(self._pull, work.pull, work.mean, strict=True):
            cv2.multiply(x, work.wanted[0], pull)
            cv2.accumulateProduct(y, work.wanted[1], pull)
            self._averaged(pull, mean)
        for (x, y), part in zip(self._inverse, work.flow, strict=True):
            cv2.multiply(x, work.mean[0], part)
            cv2.accumulateProduct(y, work.mean[1], part)
        return work.flow

    def _averaged(self, values: np.ndarray, into: np.ndarray | None = None) -> np.ndarray:
        """Average samples (h, w) over the window around each."""
        window = _WINDOW, _WINDOW // self._rows
        return cv2.boxFilter(values, cv2.CV_32F, window, into, borderType=cv2.BORDER_REPLICATE)


def _pair(shape: tuple[int, int]) -> _Pair:
    return np.empty(shape, np.float32), np.empty(shape, np.float32)


def _symmetric(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray) -> tuple[_Pair, _Pair]:
    """Both rows of a symmetric matrix per sample (h, w)."""
    return (xx, xy), (xy, yy)


def _slope(image: np.ndarray, into: _Pair) -> _Pair:
    """Half the linear coefficients (height, width) along x and y of the fitted polynomials."""
    _filtered(image, _HALF_TILT, _WEIGHTS, into[0])
    _filtered(image, _WEIGHTS, _HALF_TILT, into[1])
    return into


def _curvature(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quadratic coefficients (height, width) xx, xy, yy; xy is half that of the product."""
    return (
        _filtered(image, _BEND, _WEIGHTS),
        _filtered(image, _HALF_TILT, _TILT),
        _filtered(image, _WEIGHTS, _BEND),
    )


def _filtered(
    image: np.ndarray, across: np.ndarray, down: np.ndarray, into: np.ndarray | None = None
) -> np.ndarray:
    return cv2.sepFilter2D(image, cv2.CV_32F, across, down, into, borderType=cv2.BORDER_REPLICATE)


def _rim(size: int) -> np.ndarray:
    """(size,) weights of the pixels along one axis."""
    place = np.arange(size)
    away = np.minimum(place, place[::-1])  # px to the nearer border
    return np.minimum((away + 1) / (_RIM + 1), 1).astype(np.float32)


def _even(image: np.ndarray) -> np.ndarray:
    """Make an image float32 and its sides even, so that it can be halved exactly."""
    height, width = image.shape
    if height % 2 or width % 2:
        image = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return image.astype(np.float32, copy=False)


def _halved(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    return cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
