"""Time filters without ringing: box means with exact fractional widths, robust rolling levels.

Widths are seconds, so that a filter does the same at 25 and at 200 frames per second.
"""

from __future__ import annotations

import numpy as np


class BoxMeans:
    """Means of signals over time windows, from one running integral.

    The signal is held constant over each sample's own period, so a window may begin and end
    between two samples; beyond the ends of the video the first and the last value go on.
    """

    def __init__(self, signal: np.ndarray, step: float) -> None:
        """Integrate ``signal`` (N, ...) sampled every ``step`` seconds."""
        self.step = step
        self.signal = np.asarray(signal, dtype=np.float64)
        zero = np.zeros((1, *self.signal.shape[1:]))
        self.integral = np.concatenate([zero, np.cumsum(self.signal, axis=0)])

    def mean(self, start: float, end: float) -> np.ndarray:
        """Mean over [t + start, t + end] seconds around every sample's middle, (N, ...).

        A window narrower than a sample is widened to one sample about its centre.
        """
        low, high = start / self.step + 0.5, end / self.step + 0.5
        if high - low < 1.0:
            centre = 0.5 * (low + high)
            low, high = centre - 0.5, centre + 0.5
        return (self._at(high) - self._at(low)) / (high - low)

    def _at(self, shift: float) -> np.ndarray:
        count = len(self.signal)
        place = np.arange(count) + shift
        whole = np.clip(np.floor(place).astype(int), 0, count)
        part = place - whole
        shape = (-1,) + (1,) * (self.signal.ndim - 1)
        # inside: part of the current sample; outside: the end samples go on (part is then the
        # signed distance in samples from the end)
        current = self.signal[np.clip(whole, 0, count - 1)]
        return self.integral[whole] + part.reshape(shape) * current


def smooth(signal: np.ndarray, step: float, width: float) -> np.ndarray:
    """Triangular smoothing (two boxes): non-negative, no phase shift; ``width`` s in all."""
    half = 0.25 * width
    once = BoxMeans(signal, step).mean(-half, half)
    return BoxMeans(once, step).mean(-half, half)


def robust_sd(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Standard deviation from the median absolute deviation; NaN are ignored."""
    centre = np.nanmedian(values, axis=axis, keepdims=True)
    return 1.4826 * np.nanmedian(np.abs(values - centre), axis=axis)


def fill_gaps(signal: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Interpolate (N, ...) linearly over unusable samples; ends are held."""
    flat = np.asarray(signal, dtype=np.float64).reshape(len(signal), -1).copy()  # (N, D)
    good = np.flatnonzero(usable & np.isfinite(flat).all(axis=1))
    if good.size == 0:
        return np.zeros_like(signal, dtype=np.float64)
    places = np.arange(len(flat))
    for column in flat.T:
        column[:] = np.interp(places, good, column[good])
    return flat.reshape(signal.shape)
