"""Blinks: recognised by what happens inside the eye apertures, never named an expression."""

from __future__ import annotations

import numpy as np

_OPEN_WINDOW = 4.0
_OPEN_SHARE = 0.8
_LEAST_DROP = 0.25


def closure(eyes: np.ndarray, time: np.ndarray) -> np.ndarray:
    """How far the eyes are closed by a blink.

    An open eye is full of contrast (iris, white, lashes), a closed one is skin. The contrast is
    compared with its level over the seconds around, so a narrow or a squinting eye is still open.

    Args:
        eyes: (N, 2, 2) mean and standard deviation of grey inside both apertures, no NaN.
        time: (N,) s.

    Returns:
        (N,) 0 (open) to 1 (closed).
    """
    contrast = (eyes[:, :, 1] / np.maximum(eyes[:, :, 0], 8.0)).mean(axis=1)  # (N,)
    level = rolling_quantile(contrast, time, _OPEN_WINDOW, _OPEN_SHARE)
    drop = 1.0 - contrast / np.maximum(level, 1e-6)
    depth = max(float(np.quantile(drop, 0.99)), _LEAST_DROP)
    rest = float(np.median(drop))
    return np.clip((drop - rest) / max(depth - rest, 0.15), 0.0, 1.0)


def rolling_quantile(
    signal: np.ndarray, time: np.ndarray, window: float, share: float
) -> np.ndarray:
    """Quantile ``share`` of (N,) over ``window`` seconds, computed 4 times per window."""
    seconds = float(time[-1] - time[0])
    knots = time[0] + np.linspace(0.0, seconds, max(2, int(np.ceil(4.0 * seconds / window)) + 1))
    values = []
    for knot in knots:
        # at the ends the window is moved inside, not cut
        middle = np.clip(knot, time[0] + 0.5 * window, max(time[-1] - 0.5 * window, time[0]))
        inside = np.abs(time - middle) <= 0.5 * window
        inside |= np.abs(time - knot) <= 0.25 * window
        values.append(np.quantile(signal[inside], share))
    return np.interp(time, knots, values)
