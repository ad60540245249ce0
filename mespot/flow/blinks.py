"""Blinks: recognised by what happens inside the eye apertures, never named an expression."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import grey_closing

_LONGEST = 0.7
_LEAST_DEPTH = 0.2


def closure(eyes: np.ndarray, step: float) -> np.ndarray:
    """How far the eyes are closed by a blink.

    An open eye is full of contrast (iris, white, lashes), a closed one is skin. Only dips of the
    contrast that are over within 0.7 s count (morphological closing): a squint, a turned head or
    a change of light lasts longer.

    Args:
        eyes: (N, 2, 2) mean and standard deviation of grey inside both apertures, no NaN.
        step: sampling period, s.

    Returns:
        (N,) 0 (open) to 1 (closed as far as in this video's blinks).
    """
    contrast = (eyes[:, :, 1] / np.maximum(eyes[:, :, 0], 8.0)).mean(axis=1)  # (N,)
    width = max(3, 2 * round(0.5 * _LONGEST / step) + 1)
    level = grey_closing(contrast, size=width, mode="nearest")
    drop = 1.0 - contrast / np.maximum(level, 1e-6)
    depth = max(float(np.quantile(drop, 0.99)), _LEAST_DEPTH)
    rest = min(float(np.quantile(drop, 0.7)), 0.5 * depth)
    return np.clip((drop - rest) / (depth - rest), 0.0, 1.0)
