"""Onset, apex and offset of one candidate, from its own direction of movement.

All regions are projected on the direction in which this very candidate moves, which gives one
waveform with the best signal-to-noise ratio. Onset and offset lie where it leaves and reaches the
level around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.flow.contrast import flank_width
from mespot.flow.signals import FlowSignals

_ROUNDS = 2


@dataclass(frozen=True)
class Bump:
    """One refined candidate; times in s.

    Attributes:
        onset: first movement.
        apex: largest displacement.
        offset: back at the level around.
        amplitude: displacement of the region that moves most, against the nearer of its
            levels before and after, IOD.
        region: its name.
        departure: how much farther from neutral the bump is than its nearer flank, as a ratio;
            below 1 it is rather the gap between two expressions.
    """

    onset: float
    apex: float
    offset: float
    amplitude: float
    region: str
    departure: float


class Tracer:
    """Finds the edges of candidates of one video."""

    def __init__(self, signals: FlowSignals, edge: float, tolerance: float) -> None:
        """Prepare the signals of one video.

        Args:
            signals: of the video.
            edge: share of the peak at which a movement begins.
            tolerance: how far the neutral level may be wrong, IOD; a movement that comes from
                farther on the other side of neutral begins where it passes neutral.
        """
        keep = np.array([not name.startswith("lid") for name in signals.regions])
        self.names = [name for name in signals.regions if not name.startswith("lid")]
        self.time = signals.time
        self.step = signals.step
        self.edge = edge
        self.tolerance = tolerance
        self.signal = np.asarray(signals.displacement[:, keep], dtype=np.float64)  # (N, R, 2)
        self.noise = np.asarray(signals.noise[keep], dtype=np.float64)

    def trace(self, centre: float, length: float) -> Bump | None:
        """Refine a candidate; ``None`` when nothing stands out there.

        Args:
            centre: s.
            length: s.
        """
        found = None
        for _ in range(_ROUNDS):
            found = self._once(centre, length)
            if found is None:
                return None
            centre = 0.5 * (found.onset + found.offset)
            length = max(found.offset - found.onset, 2.0 * self.step)
        return found

    def _mean(self, start: float, end: float) -> np.ndarray:
        low, high = np.searchsorted(self.time, [start - 1e-9, end + 1e-9])
        low = min(max(low, 0), len(self.time) - 1)
        return self.signal[low : max(high, low + 1)].mean(axis=0)  # (R, 2)

    def _once(self, centre: float, length: float) -> Bump | None:
        half, flank = 0.5 * length, flank_width(length)
        inside = self._mean(centre - 0.5 * half, centre + 0.5 * half)
        before = self._mean(centre - half - flank, centre - half)
        after = self._mean(centre + half, centre + half + flank)
        move = inside - 0.5 * (before + after)  # (R, 2)
        size = np.linalg.norm(move, axis=1)
        spread = np.maximum(self.noise, 0.15 * size.max())[:, None]
        weight = move / spread**2
        unit = float((weight * move).sum())
        if unit <= 0.0:
            return None
        reach = length + flank
        low, high = np.searchsorted(self.time, [centre - reach - 1e-9, centre + reach + 1e-9])
        if high - low < 3:
            return None
        wave = np.einsum("nrd,rd->n", self.signal[low:high], weight) / unit
        wave = _blur(wave, max(0.04, 0.1 * length) / self.step)
        time = self.time[low:high]
        core = np.flatnonzero(np.abs(time - centre) <= max(0.6 * half, self.step))
        apex = int(core[np.argmax(wave[core])])
        lowest = -self.tolerance / float(size.max())
        onset = self._edge(wave[: apex + 1][::-1], time[: apex + 1][::-1], lowest)
        offset = self._edge(wave[apex:], time[apex:], lowest)
        levels = [float((weight * part).sum()) / unit for part in (inside, before, after)]
        around = min(abs(levels[1]), abs(levels[2]))
        departure = abs(levels[0]) / (around + 0.05)
        peak = self.signal[low + apex]
        sides = np.linalg.norm([peak - before, peak - after], axis=2).min(axis=0)  # (R,)
        strongest = int(np.argmax(sides))
        return Bump(
            onset=onset,
            apex=float(time[apex]),
            offset=offset,
            amplitude=float(sides[strongest]),
            region=self.names[strongest],
            departure=departure,
        )

    def _edge(self, wave: np.ndarray, time: np.ndarray, lowest: float) -> float:
        """Time at which ``wave``, going away from its peak at index 0, reaches its foot.

        The foot is not below ``lowest`` unless the peak itself is.
        """
        foot = float(wave.min())
        if foot < lowest < float(wave[0]):
            foot = min(0.0, 0.5 * (lowest + float(wave[0])))
        limit = foot + self.edge * (float(wave[0]) - foot)
        below = np.flatnonzero(wave <= limit)
        index = int(below[0])
        if index == 0:
            return float(time[0])
        above, under = wave[index - 1], wave[index]
        share = (above - limit) / max(above - under, 1e-12)
        return float(time[index - 1] + share * (time[index] - time[index - 1]))


def _blur(wave: np.ndarray, width: float) -> np.ndarray:
    """Gaussian smoothing with edges held; ``width`` is the FWHM in samples."""
    sigma = width / 2.355
    reach = max(1, int(np.ceil(3.0 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(wave, reach, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")
