"""Which slices are worth the model's time, by what the flow branch saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class FlowStrength(Protocol):
    """The part of the flow branch's signals that a gate reads; N samples."""

    time: np.ndarray  # s, rising
    strength: np.ndarray  # noise SDs


@dataclass(frozen=True)
class Gate:
    """Evidence of the flow branch that opens slices.

    Attributes:
        time: (N,) times of the flow samples, seconds, rising.
        strength: (N,) evidence of an expression, noise SDs.
        least: smallest evidence that opens a slice; 0 opens every slice.
    """

    time: np.ndarray
    strength: np.ndarray
    least: float

    def open(self, start: np.ndarray, length: float) -> np.ndarray:
        """Tell which slices the flow branch does not rule out.

        A slice is open when the evidence reaches ``least`` in it or within half its length before
        or after, so that the flanks of an expression are scored, too.

        Args:
            start: (n,) start of each slice, seconds.
            length: length of the slices, seconds.

        Returns:
            (n,) True for open slices; without any sample nearby a slice is closed.
        """
        if self.least <= 0:
            return np.ones(len(start), dtype=bool)
        moved = np.concatenate(([0], np.cumsum(np.asarray(self.strength) >= self.least)))
        first = np.searchsorted(self.time, np.asarray(start) - 0.5 * length, side="left")
        last = np.searchsorted(self.time, np.asarray(start) + 1.5 * length, side="right")
        return moved[last] > moved[first]
