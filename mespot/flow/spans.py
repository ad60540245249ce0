"""Spans of time that can be asked who is near: a long video has many, near ones are few."""

from __future__ import annotations

from collections import defaultdict

import numpy as np


class Spans:
    """A growing collection of (start, end) in seconds.

    Args:
        width: s, of the pieces of time in which they are looked up; about their own length.
    """

    def __init__(self, width: float) -> None:
        self._width = width
        self._pieces: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)

    def add(self, span: tuple[float, float]) -> None:
        """Put a span into every piece of time that it touches."""
        for piece in self._touched(span):
            self._pieces[piece].append(span)

    def near(self, span: tuple[float, float]) -> np.ndarray:
        """Return (n, 2) spans; all that overlap ``span`` are among them, some of them twice."""
        found = [one for piece in self._touched(span) for one in self._pieces.get(piece, ())]
        return np.array(found).reshape(-1, 2)

    def _touched(self, span: tuple[float, float]) -> range:
        return range(int(span[0] // self._width), int(span[1] // self._width) + 1)
