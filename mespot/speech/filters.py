"""Filters over time that look forth and back alike; plain NumPy, since SciPy's load slowly.

Rates are those of the values (per second), sizes and SDs counts of values.
"""

from __future__ import annotations

import numpy as np

_SETTLED = 3.0  # periods of the slowest wave after which a band filter has forgotten a step
_BLOCK = 1 << 21  # values at a time


def band(values: np.ndarray, low: float, high: float, rate: float) -> np.ndarray:
    """Return the part of (N,) values within a band of frequencies, without delay.

    The response is the square of a second-order Butterworth filter's, which is what running it
    forth and back gives. Beyond the ends the values go on for a second as their mirror image, then
    stay.

    Args:
        values: (N,), at least two.
        low: Hz, lower edge.
        high: Hz, upper edge, below ``rate / 2``.
        rate: values per second.
    """
    mirrored = min(len(values) - 1, int(rate))
    reach = mirrored + round(_SETTLED * rate / low)
    before = 2.0 * values[0] - values[mirrored:0:-1]
    after = 2.0 * values[-1] - values[-2 : -2 - mirrored : -1]
    whole = np.concatenate([before, values, after])
    first, last = np.tan(np.pi * np.array([low, high]) / rate)

    def response(frequency: np.ndarray) -> np.ndarray:
        warped = np.tan(np.pi * np.minimum(frequency, 0.4999))  # as the bilinear transform does
        passed = warped * (last - first)
        return passed**4 / (passed**4 + (warped**2 - first * last) ** 4)

    return _apply(whole, response, reach - mirrored)[mirrored : mirrored + len(values)]


def blur(values: np.ndarray, sd: float) -> np.ndarray:
    """Return (N,) values blurred by a Gaussian; beyond the ends the values stay as they are."""
    return _apply(values, lambda f: np.exp(-2.0 * (np.pi * f * sd) ** 2), round(5.0 * sd) + 1)


def running_share(values: np.ndarray, share: float, size: int) -> np.ndarray:
    """Return what ``share`` of the (N,) values around each one lies below.

    Args:
        values: (N,).
        share: 0 to below 1; rounded down to a whole number of values.
        size: odd number of values around each one; beyond the ends they stay as they are.
    """
    around = _around(values, size)
    rank, rows = int(share * size), max(1, _BLOCK // size)
    parts = [
        np.partition(around[first : first + rows], rank, axis=1)[:, rank]
        for first in range(0, len(values), rows)
    ]
    return np.concatenate(parts)


def running_max(values: np.ndarray, size: int) -> np.ndarray:
    """Return the largest of the ``size`` (odd) values around each of the (N,) values."""
    return _around(values, size).max(axis=1)


def _around(values: np.ndarray, size: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, size // 2, mode="edge"), size)


def _apply(values: np.ndarray, response, reach: int) -> np.ndarray:
    """Multiply the spectrum with ``response(cycles per value)``; ``reach`` values stay outside."""
    padded = np.pad(values, (reach, reach), mode="edge")
    size = -(-len(padded) // 1024) * 1024  # products of small factors transform fast
    padded = np.pad(padded, (0, size - len(padded)), mode="edge")
    spectrum = np.fft.rfft(padded) * response(np.fft.rfftfreq(size))
    return np.fft.irfft(spectrum, size)[reach : reach + len(values)]
