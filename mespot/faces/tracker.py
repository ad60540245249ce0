"""Following the head between key frames: one similarity per frame, without added jitter.

Every frame is registered against the same reference crop, not against its predecessor, so errors
do not add up. When the head has turned so far that the reference fits badly, the current frame
becomes the reference; the transform goes on without a jump.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mespot.faces.geometry import compose, rescale, scale_of, transform
from mespot.faces.landmarks import face_mask, rigid_mask
from mespot.faces.registration import Template
from mespot.faces.warp import Patch

SIZE = 160  # px, width and height of the crops that are compared

_LEVELS = (4, 2)  # reductions of the coarse levels
_COARSE_STEPS = 6
_FINE_STEPS = 4
_STILL = {4: 0.05, 2: 0.05, 1: 0.01}  # px of the level: smaller steps end the iteration
_RENEW = 0.85  # of the reference's first correlation: below, the reference is renewed
_LOST = 0.5  # correlation: below, this is another picture
_MIN_INLIERS = 0.25
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
        landmarks: (68, 2) in crop px at :data:`SIZE`; they outline the rigid parts.
    """

    def __init__(self, patch: Patch, matrix: np.ndarray, landmarks: np.ndarray) -> None:
        self._rigid = rigid_mask(landmarks, SIZE)
        self._face = face_mask(landmarks, SIZE) | self._rigid
        self.matrix = matrix
        self.renewed = 0
        self._set_reference(_crop(patch, matrix))

    def predict(self) -> np.ndarray:
        """Return the transform that the next frame is expected to have."""
        return self.matrix

    def track(self, patch: Patch, start: np.ndarray | None = None) -> Tracked | None:
        """Register the next frame; None when the head is not found again.

        Args:
            patch: grey neighbourhood cut with :meth:`predict` or ``start``.
            start: (2, 3) transform to begin with; the predicted one when absent.
        """
        start = self.predict() if start is None else start
        matrix = self._coarse(_crop(patch, start), start)
        fit = None
        for _ in range(_FINE_STEPS):
            crop = _crop(patch, matrix)
            fit = self._fine.fit(crop)
            matrix = compose(fit.step, matrix)
            if fit.motion < _STILL[1]:
                break
        if not self._plausible(matrix, start) or fit.correlation < _LOST:
            return None
        if fit.inliers < _MIN_INLIERS:
            return None
        self.matrix = matrix
        if self._best is None:
            self._best = fit.correlation
        elif fit.correlation < _RENEW * self._best:
            self._set_reference(_crop(patch, matrix))
            self.renewed += 1
        confidence = np.clip((fit.correlation - _LOST) / (0.95 - _LOST), 0, 1)
        return Tracked(matrix, float(confidence))

    def _set_reference(self, crop: np.ndarray) -> None:
        self._fine = Template(crop, self._rigid)
        self._coarse_templates = []
        for reduction in _LEVELS:
            small = _reduce(crop, reduction)
            mask = _reduce(self._face.astype(np.float32), reduction) > 0.5
            self._coarse_templates.append((reduction, Template(small, mask)))
        self._best: float | None = None

    def _coarse(self, crop: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        total = np.eye(2, 3)
        for reduction, template in self._coarse_templates:
            small = _reduce(crop, reduction)
            for _ in range(_COARSE_STEPS):
                local = rescale_inside(total, reduction)
                moved = cv2.warpAffine(
                    small, local, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE
                )
                fit = template.fit(moved)
                total = rescale_inside(compose(fit.step, local), 1 / reduction)
                if fit.motion < _STILL[reduction]:
                    break
        return compose(total, matrix)

    def _plausible(self, matrix: np.ndarray, before: np.ndarray) -> bool:
        growth = scale_of(matrix) / scale_of(before)
        if not 1 / _MAX_GROWTH < growth < _MAX_GROWTH:
            return False
        middle = np.array([[SIZE / 2, SIZE / 2]])
        centre = np.linalg.solve(before[:, :2], middle[0] - before[:, 2])
        return bool(np.hypot(*(transform(matrix, centre[None]) - middle)[0]) < _MAX_STEP * SIZE)


def rescale_inside(step: np.ndarray, reduction: float) -> np.ndarray:
    """Express a crop-to-crop similarity in the pixels of a crop reduced by ``reduction``."""
    shift = 0.5 / reduction - 0.5
    down = np.array([[1 / reduction, 0, shift], [0, 1 / reduction, shift]])
    up = np.array([[reduction, 0, -shift * reduction], [0, reduction, -shift * reduction]])
    return compose(down, compose(step, up))


def to_crop(matrix: np.ndarray, size: int) -> np.ndarray:
    """Turn a transform into the tracker's crop into the one into a crop of ``size`` px."""
    return rescale(matrix, SIZE, size)


def _crop(patch: Patch, matrix: np.ndarray) -> np.ndarray:
    # A trace of blur keeps the result independent of where pixels fall between the frame's own.
    crop = patch.warp(matrix, SIZE)
    return cv2.GaussianBlur(crop, (5, 5), 1.0)


def _reduce(image: np.ndarray, reduction: int) -> np.ndarray:
    side = SIZE // reduction
    return cv2.resize(image.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
