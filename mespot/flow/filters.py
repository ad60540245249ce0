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
        """Integrate ``signal`` (..., N), time last, sampled every ``step`` seconds."""
        self.step = step
        self.signal = np.ascontiguousarray(signal, dtype=np.float64)
        self.integral = np.zeros((*self.signal.shape[:-1], self.signal.shape[-1] + 1))
        np.cumsum(self.signal, axis=-1, out=self.integral[..., 1:])

    def mean(self, start: float, end: float) -> np.ndarray:
        """Mean over [t + start, t + end] seconds around every sample's middle, (..., N).

        A window narrower than a sample is widened to one sample about its centre.
        """
        low, high = start / self.step + 0.5, end / self.step + 0.5
        if high - low < 1.0:
            centre = 0.5 * (low + high)
            low, high = centre - 0.5, centre + 0.5
        means = self._at(high)
        means -= self._at(low)
        means /= high - low
        return means

    def _at(self, shift: float) -> np.ndarray:
        """Integral ``shift`` samples after the beginning of every sample."""
        count = self.signal.shape[-1]
        whole = int(np.floor(shift))
        first, last = np.clip([-whole, count - whole], 0, count)  # of those that end inside
        inside = slice(first + whole, last + whole)
        value = np.empty_like(self.signal)
        np.multiply(self.signal[..., inside], shift - whole, out=value[..., first:last])
        value[..., first:last] += self.integral[..., inside]
        before, after = np.arange(first) + shift, np.arange(last, count) + shift - count
        value[..., :first] = self.signal[..., :1] * before
        value[..., last:] = self.integral[..., -1:] + self.signal[..., -1:] * after
        return value


def smooth(signal: np.ndarray, step: float, width: float) -> np.ndarray:
    """Triangular smoothing (two boxes) of (N, ...): non-negative, no phase shift; ``width`` s."""
    half = 0.25 * width
    once = BoxMeans(signal.T, step).mean(-half, half)
    return BoxMeans(once, step).mean(-half, half).T


def robust_sd(values: np.ndarray) -> np.ndarray:
    """Standard deviation over the last axis, from the median absolute deviation."""
    spread = np.abs(values - np.median(values, axis=-1, keepdims=True))
    return 1.4826 * np.median(spread, axis=-1, overwrite_input=True)


def fill_gaps(signal: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Interpolate (N, ...) linearly over unusable samples; ends are held.

    Returns:
        float64 (N, ...); ``signal`` itself where nothing is missing.
    """
    signal = np.asarray(signal, dtype=np.float64)
    known = usable & np.isfinite(signal).all(axis=tuple(range(1, signal.ndim)))
    good, missing = np.flatnonzero(known), np.flatnonzero(~known)
    if good.size == 0:
        return np.zeros_like(signal)
    if missing.size == 0:
        return signal
    flat = signal.reshape(len(signal), -1).copy()  # (N, D)
    for column in flat.T:
        column[missing] = np.interp(missing, good, column[good])
    return flat.reshape(signal.shape)
