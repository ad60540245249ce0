"""Blinks: the upper lid slides over the eye, and its skin stretches with it."""

from __future__ import annotations

import cv2
import numpy as np

from mespot.synth.portrait import LEFT_EYE, RIGHT_EYE, pupils

_EDGE = 0.012  # softness of the lid edge, IOD


class Eyelids:
    """Closes the eyes of a resting-face picture.

    Args:
        texture: the picture with open eyes, (h, w) or (h, w, 3) float32.
        landmarks: (68, 2) landmarks in pixels of the picture (centre of the first pixel = 0).
    """

    def __init__(self, texture: np.ndarray, landmarks: np.ndarray) -> None:
        iod = float(np.linalg.norm(np.diff(pupils(landmarks), axis=0)))
        self._texture = texture
        self._eyes = [
            _Eye(texture, landmarks[part], landmarks[brow], iod)
            for part, brow in ((LEFT_EYE, slice(17, 22)), (RIGHT_EYE, slice(22, 27)))
        ]
        self._closed = texture.copy()

    def at(self, closure: float) -> np.ndarray:
        """Return the picture with lids closed by ``closure`` in [0, 1]; do not change it."""
        if closure <= 0.0:
            return self._texture
        for eye in self._eyes:
            self._closed[eye.box] = eye.closed(closure)
        return self._closed


class _Eye:
    """One eye: its box in the picture and the curves of both lids."""

    def __init__(
        self, texture: np.ndarray, points: np.ndarray, brow: np.ndarray, iod: float
    ) -> None:
        left, right = points[:, 0].min() - 0.10 * iod, points[:, 0].max() + 0.10 * iod
        top = brow[:, 1].mean() - 0.02 * iod
        bottom = points[:, 1].max() + 0.12 * iod
        self.box = (slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1))
        self._open = texture[self.box].copy()
        height, width = self._open.shape[:2]
        x = np.arange(width) + int(left)
        self._x = np.tile(np.arange(width, dtype=np.float32), (height, 1))
        self._y = np.tile(np.arange(height, dtype=np.float32)[:, None], (1, width))
        outer, inner = points[points[:, 0].argmin()], points[points[:, 0].argmax()]
        share = (x - outer[0]) / (inner[0] - outer[0])
        corner = outer[1] + share * (inner[1] - outer[1]) - int(top)
        # lids are arches over the line through the corners, drawn a little outside of the
        # landmarks so that the lashes belong to the upper lid; beyond the corners they meet
        arch = np.clip(4.0 * share * (1.0 - share), 0.0, None)
        order = np.argsort(points[:, 1])
        line = outer[1] + (points[:, 0] - outer[0]) / (inner[0] - outer[0]) * (inner[1] - outer[1])
        upper, lower = order[:2], order[-2:]
        rise = float((line[upper] - points[upper, 1]).mean()) / 0.85 + 0.015 * iod
        fall = float((points[lower, 1] - line[lower]).mean()) / 0.85
        self._upper = (corner - rise * arch).astype(np.float32)
        self._lower = (corner + max(fall, 0.02 * iod) * arch).astype(np.float32)
        self._edge = _EDGE * iod
        # the lid fades out towards the box so that nothing tears at the corners
        self._reach = np.clip((0.10 + np.minimum(share, 1.0 - share)) / 0.10, 0.0, 1.0)

    def closed(self, closure: float) -> np.ndarray:
        upper = self._upper - 2.0 * self._edge
        lid = upper + closure * self._reach * (self._lower - self._upper + 2.0 * self._edge)
        # skin between the top of the box and the open lid edge stretches down to the lid
        stretch = self._y * (self._upper + self._edge) / np.maximum(lid + 3.0 * self._edge, 1.0)
        stretch = np.where(lid > upper, np.minimum(stretch, self._y), self._y)
        skin = cv2.remap(
            self._open,
            self._x,
            stretch.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        alpha = 1.0 / (1.0 + np.exp((self._y - lid - 2.0 * self._edge) / (0.5 * self._edge)))
        alpha = alpha if skin.ndim == 2 else alpha[..., None]
        return (alpha * skin + (1.0 - alpha) * self._open).astype(np.float32)
