"""Following the head between key frames: one similarity per frame, without added jitter.

Every frame is registered against the same reference crop, not against its predecessor, so errors
do not add up. When the head has turned so far that the reference fits badly, the current frame
becomes the reference; the transform goes on without a jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from mespot.faces.geometry import compose, invert, scale_of
from mespot.faces.landmarks import face_quarters, rigid_parts
from mespot.faces.registration import Fit, Template
from mespot.faces.warp import Patch

SIZE = 160  # px, width and height of the crops that are compared

# px of the crop; a trace of blur keeps the result independent of where pixels fall between the
# frame's own.
_BLUR = 1.0
_ROOM = 8  # px around the pixels that are compared, in which fine steps stay
_LEVELS = (4, 2)  # reductions of the coarse levels
_COARSE_STEPS = 6  # at most, at each coarse level
_FINE_STEPS = 4  # at most
# px of the level: a smaller step is the last one; what it leaves is some 10 % of it.
_STILL = {4: 0.15, 2: 0.15, 1: 0.12}
_NEAR = 1.0  # px: a fine step up to this needs no coarse one before
_RENEW = 0.85  # of the reference's first correlation: below, the reference is renewed
_LOST = 0.5  # correlation: below, this is another picture
_PERFECT = 0.95  # correlation of a confidence of 1
_MIN_INLIERS = 0.25  # share of the pixels that fit: below, this is another picture
_MAX_STEP = 0.35  # of the crop: a head cannot move farther between two frames
_MAX_GROWTH = 1.35  # ratio of sizes between two frames


@dataclass(frozen=True)
class Tracked:
    """Result of one frame.

    Attributes:
        matrix: (2, 3) float64 frame px to crop px at :data:`SIZE`.
        confidence: in [0, 1], from correlation and inliers.
    """

    matrix: np.ndarray
    confidence: float


class RigidTracker:
    """Tracks one head from a first frame on.

    Args:
        patch: grey neighbourhood of the face in the first frame.
        matrix: (2, 3) frame px to crop px at :data:`SIZE` of the first frame.
        landmarks: (68, 2) in crop px at :data:`SIZE`; they outline the parts that are compared.

    Attributes:
        matrix: transform of the last frame in which the head was found.
        renewed: how often the reference was replaced.
    """

    def __init__(self, patch: Patch, matrix: np.ndarray, landmarks: np.ndarray) -> None:
        self._parts = rigid_parts(landmarks, SIZE)
        self._quarters = face_quarters(landmarks, SIZE)
        self.matrix = self._earlier = matrix
        self.renewed = 0
        self._set_reference(patch.blurred(matrix, _BLUR).warp(matrix, SIZE))

    def track(self, patch: Patch, start: np.ndarray | None = None) -> Tracked | None:
        """Register the next frame; None when the head is not found again.

        Args:
            patch: grey neighbourhood of the place where the head is expected.
            start: (2, 3) transform to begin with; when absent, the head is expected to go on as
                fast as it went, which mostly saves a step.
        """
        before = self.matrix
        onwards = compose(before, invert(self._earlier))
        places = [start, compose(onwards, start)] if start is not None else []
        places = places or [compose(onwards, before), before]
        start = before if start is None else start
        matrix, fit = self._register(patch, places[0])
        if self._is_worse(fit):
            # A head may go on so fast, or stop so suddenly, that it is out of reach from there.
            second = self._register(patch, places[1])
            if second[1].correlation > fit.correlation:
                matrix, fit = second
        if fit.correlation < _LOST or fit.inliers < _MIN_INLIERS:
            return None
        if not _plausible(matrix, start):
            return None
        self._earlier, self.matrix = before, matrix
        if self._best is None:
            self._best = fit.correlation
        elif self._is_worse(fit):
            self._set_reference(patch.blurred(matrix, _BLUR).warp(matrix, SIZE))
            self.renewed += 1
        confidence = (fit.correlation - _LOST) / (_PERFECT - _LOST)
        return Tracked(matrix, min(max(confidence, 0.0), 1.0))

    def _is_worse(self, fit: Fit) -> bool:
        return self._best is not None and fit.correlation < _RENEW * self._best

    def _register(self, patch: Patch, start: np.ndarray) -> tuple[np.ndarray, Fit]:
        """Return the transform of the next frame, and the last fit."""
        soft = patch.part(start, *self._area).blurred(start, _BLUR)
        fit = self._fit(soft, start)
        # Most heads hardly move from frame to frame; the coarse levels are for the others.
        if fit.motion < _NEAR and fit.correlation > _LOST and not self._is_worse(fit):
            matrix = compose(fit.step, start)
            if fit.motion < _STILL[1]:
                return matrix, fit
        else:
            soft = patch.blurred(start, _BLUR)
            matrix = self._coarse(soft.warp(start, SIZE), start)
        for _ in range(_FINE_STEPS):
            fit = self._fit(soft, matrix)
            matrix = compose(fit.step, matrix)
            if fit.motion < _STILL[1]:
                break
        return matrix, fit

    def _fit(self, patch: Patch, matrix: np.ndarray) -> Fit:
        # only the pixels that are compared, not a whole crop
        return self._fine.fit(patch.sample(matrix, self._fine.spots))

    def _set_reference(self, crop: np.ndarray) -> None:
        self._fine = Template(crop, self._parts)
        spots = self._fine.spots.reshape(-1, 2)
        self._area = spots.min(axis=0) - _ROOM, spots.max(axis=0) + _ROOM
        self._coarse_templates = []
        for reduction in _LEVELS:
            small = _reduce(crop, reduction)
            masks = [_reduce(q.astype(np.float32), reduction) > 0.5 for q in self._quarters]
            self._coarse_templates.append((reduction, Template(small, masks)))
        self._best: float | None = None

    def _coarse(self, crop: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        total = np.eye(2, 3)
        for reduction, template in self._coarse_templates:
            small = _reduce(crop, reduction)
            for _ in range(_COARSE_STEPS):
                local = _reduced(total, reduction)
                moved = cv2.warpAffine(
                    small, local, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE
                )
                fit = template.fit(template.values(moved))
                total = _reduced(compose(fit.step, local), 1 / reduction)
                if fit.motion < _STILL[reduction]:
                    break
        return compose(total, matrix)


def _plausible(matrix: np.ndarray, start: np.ndarray) -> bool:
    """Tell whether a head can have moved like this between two frames."""
    growth = scale_of(matrix) / scale_of(start)
    middle = (SIZE - 1) / 2
    (a, b, x), (c, d, y) = compose(matrix, invert(start)).tolist()
    away = math.hypot((a + b - 1) * middle + x, (c + d - 1) * middle + y)
    return away < _MAX_STEP * SIZE and 1 / _MAX_GROWTH < growth < _MAX_GROWTH


def _reduced(step: np.ndarray, reduction: float) -> np.ndarray:
    """Express a crop-to-crop similarity in the pixels of a crop reduced by ``reduction``."""
    shift = 0.5 / reduction - 0.5
    down = np.array([[1 / reduction, 0, shift], [0, 1 / reduction, shift]])
    up = np.array([[reduction, 0, -shift * reduction], [0, reduction, -shift * reduction]])
    return compose(down, compose(step, up))


def _reduce(image: np.ndarray, reduction: int) -> np.ndarray:
    side = SIZE // reduction
    return cv2.resize(image.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
