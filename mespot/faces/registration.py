"""Sub-pixel registration of face crops against a reference crop.

Inverse-compositional Lucas-Kanade (Baker and Matthews 2004) for a similarity plus gain and bias
of the brightness, coarse to fine. The fine level sees only the rigid parts of the face; pixels
that do not fit (a wrinkled nose, a moving lid, a hand) lose their weight (Tukey's biweight).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mespot.faces.geometry import similarity

# Residuals below this many grey levels are noise and never outliers.
_NOISE_FLOOR = 2.0
_TUKEY = 4.685  # the biweight's usual width, in standard deviations


@dataclass(frozen=True)
class Fit:
    """One registration step.

    Attributes:
        step: (2, 3) similarity from crop px to reference px, near the identity.
        motion: largest displacement of the step inside the mask, px of its level.
        correlation: of reference and crop inside the mask before the step, in [-1, 1].
        inliers: share of the mask's weight that survived, in [0, 1].
    """

    step: np.ndarray
    motion: float
    correlation: float
    inliers: float


class Template:
    """A reference image with everything that does not depend on the current frame.

    Args:
        image: (h, w) reference crop.
        mask: (h, w) bool pixels to compare.
    """

    def __init__(self, image: np.ndarray, mask: np.ndarray) -> None:
        reference = image.astype(np.float32)
        self._pixels = np.flatnonzero(mask)
        y, x = np.divmod(self._pixels, mask.shape[1])
        self._centre = np.array([x.mean(), y.mean()])
        x, y = x - self._centre[0], y - self._centre[1]
        self._radius = float(np.sqrt(x**2 + y**2).max())
        across = cv2.Scharr(reference, cv2.CV_32F, 1, 0, scale=1 / 32).ravel()[self._pixels]
        down = cv2.Scharr(reference, cv2.CV_32F, 0, 1, scale=1 / 32).ravel()[self._pixels]
        self._values = reference.ravel()[self._pixels]
        self._mean = float(self._values.mean())
        self._spread = float(self._values.std()) + 1e-6
        columns = [
            across,
            down,
            down * x - across * y,
            across * x + down * y,
            self._values - self._mean,
            np.ones_like(across),
        ]
        self._columns = np.stack(columns).astype(np.float32)  # (6, n)

    def fit(self, image: np.ndarray) -> Fit:
        """Return the step that brings ``image`` (h, w) closer to the reference."""
        values = image.ravel()[self._pixels].astype(np.float32)
        mean, spread = float(values.mean()), float(values.std()) + 1e-6
        centred = (values - mean) * (self._spread / spread)
        reference = self._columns[4]
        correlation = float(centred @ reference) / (len(values) * self._spread**2)
        error = centred - reference
        scale = max(1.4826 * float(np.median(np.abs(error))), _NOISE_FLOOR)
        weights = np.square(np.maximum(1 - np.square(error / (_TUKEY * scale)), 0))
        weighted = self._columns * weights
        normal = (weighted @ self._columns.T).astype(np.float64)
        right = (weighted @ error).astype(np.float64)
        # A trace of damping: an image without texture gives no motion, not a wild one.
        normal[np.diag_indices(6)] += 1e-4 * np.trace(normal) / 6 * np.array([1, 1, 0, 0, 0, 1])
        normal[np.diag_indices(6)] += 1e-9
        shift_x, shift_y, turn, growth, _, _ = np.linalg.solve(normal, right)
        target = self._centre + (shift_x, shift_y)
        step = similarity(
            np.arctan2(turn, 1 + growth),
            0.5 * np.log((1 + growth) ** 2 + turn**2 + 1e-12),
            self._centre,
            target,
        )
        motion = float(np.hypot(shift_x, shift_y) + np.hypot(turn, growth) * self._radius)
        return Fit(step, motion, correlation, float(weights.mean()))
