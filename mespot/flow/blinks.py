"""Blinks: recognised by what the eyes do, never named an expression.

Two cues, of which either suffices: an open eye is full of contrast (iris, white, lashes) and a
closed one is skin; and both upper lids come down and go up again quickly. Narrow eyes hardly
change their contrast, and lids without texture hardly show motion. Only what is over within
0.7 s counts (morphological closing and opening): a squint, a turned head or a change of light
lasts longer.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

_LONGEST = 0.7  # s; what lasts longer is no blink
_LEAST_DEPTH = 0.2  # loss of contrast in the aperture, share, that counts as a blink at least
_LEAST_STROKE = 0.04  # IOD that the lids of a blink move at least


def closure(eyes: np.ndarray, lids: np.ndarray, step: float) -> np.ndarray:
    """How far the eyes are closed by a blink.

    Args:
        eyes: (N, 2, 2) mean and standard deviation of grey inside both apertures, no NaN.
        lids: (N, 2) downward displacement of both upper lids, IOD, head removed.
        step: sampling period, s.

    Returns:
        (N,) 0 (open) to 1 (closed as far as in this video's blinks).
    """
    width = max(3, 2 * round(0.5 * _LONGEST / step) + 1)
    contrast = (eyes[:, :, 1] / np.maximum(eyes[:, :, 0], 8.0)).mean(axis=1)  # (N,)
    level = _running(cv2.erode, _running(cv2.dilate, contrast, width), width)  # closing
    drop = 1.0 - contrast / np.maximum(level, 1e-6)
    stroke = lids.min(axis=1)  # the lid that moves less: a wink is no blink
    stroke = stroke - _running(cv2.dilate, _running(cv2.erode, stroke, width), width)  # opening
    return np.maximum(_share(drop, _LEAST_DEPTH), _share(stroke, _LEAST_STROKE))


def _running(extreme: Callable, values: np.ndarray, width: int) -> np.ndarray:
    """Maximum (``cv2.dilate``) or minimum (``cv2.erode``) of (N,) over ``width`` samples."""
    # SciPy's morphology does the same, but importing it takes longer than all of this file's work
    window = np.ones((1, width), np.uint8)
    return extreme(np.float64(values)[None], window, borderType=cv2.BORDER_REPLICATE)[0]


def _share(cue: np.ndarray, least: float) -> np.ndarray:
    """Bring a cue to [0, 1]: 0 at rest, 1 at the depth of this video's blinks."""
    depth = max(float(np.quantile(cue, 0.99)), least)
    rest = min(max(float(np.quantile(cue, 0.7)), 0.1 * depth), 0.5 * depth)
    return np.clip((cue - rest) / (0.9 * depth - rest), 0.0, 1.0)
