"""Means and maxima of a signal over many stretches at once."""

from __future__ import annotations

import numpy as np


class RangeMean:
    """Means over stretches, from one running integral.

    Args:
        signal: (N,) or (N, K).
    """

    def __init__(self, signal: np.ndarray) -> None:
        signal = np.asarray(signal, dtype=np.float64)
        self._count = len(signal)
        self._total = np.zeros((len(signal) + 1, *signal.shape[1:]))
        np.cumsum(signal, axis=0, out=self._total[1:])

    def over(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Means over samples ``begin`` to ``end - 1``; (n,) or (n, K).

        What lies outside of the signal is left out; an empty stretch takes its nearest sample.
        """
        end = np.clip(np.maximum(end, begin + 1), 1, self._count)
        begin = np.minimum(np.clip(begin, 0, self._count - 1), end - 1)
        length = (end - begin).reshape(-1, *(1,) * (self._total.ndim - 1))
        return (self._total[end] - self._total[begin]) / length


class RangeMax:
    """Maxima over stretches, from a table of maxima over powers of two.

    Args:
        signal: (N,); of float32 the tables are float32, which is half the memory.
        longest: samples of the longest stretch that will be asked for; any when absent. It limits
            the memory.
    """

    def __init__(self, signal: np.ndarray, longest: int | None = None) -> None:
        signal = np.asarray(signal)
        kind = np.float32 if signal.dtype == np.float32 else np.float64
        self._levels = [signal.astype(kind)]
        most = len(signal) if longest is None else min(longest, len(signal))
        while 2 ** len(self._levels) <= most:
            last, half = self._levels[-1], 2 ** (len(self._levels) - 1)
            self._levels.append(np.maximum(last[:-half], last[half:]))

    def over(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Maxima over samples ``begin`` to ``end - 1``, (n,); at least one sample each."""
        count = len(self._levels[0])
        end = np.clip(np.maximum(end, begin + 1), 1, count)
        begin = np.minimum(np.clip(begin, 0, count - 1), end - 1)
        power = np.frexp(end - begin)[1] - 1
        found = np.empty(len(begin))
        for level in np.unique(power).tolist():
            own = power == level
            table = self._levels[level]
            found[own] = np.maximum(table[begin[own]], table[end[own] - 2**level])
        return found
