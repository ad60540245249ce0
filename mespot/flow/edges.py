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

_ROUNDS = 2  # of edges and course, each from the other
_BLOCK = 64  # candidates of like length whose waveforms lie side by side


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
        moved = signals.displacement[:, keep]
        self.signal = np.array(moved, dtype=np.float64).reshape(len(moved), -1)  # (N, R * 2)
        self.integral = np.zeros((len(moved) + 1, self.signal.shape[1]))
        np.cumsum(self.signal, axis=0, out=self.integral[1:])
        self.noise = np.asarray(signals.noise[keep], dtype=np.float64)

    def trace(self, centres: np.ndarray, lengths: np.ndarray) -> list[Bump | None]:
        """Refine candidates; ``None`` for those at which nothing stands out.

        Args:
            centres: (C,) s.
            lengths: (C,) s.
        """
        found = np.full((len(centres), 6), np.nan)
        for _ in range(_ROUNDS):
            going = np.flatnonzero(np.isfinite(lengths))
            going = going[np.argsort(lengths[going], kind="stable")]
            for first in range(0, len(going), _BLOCK):
                block = going[first : first + _BLOCK]
                found[block] = self._once(centres[block], lengths[block])
            onset, offset = found[:, 0], found[:, 2]
            centres = 0.5 * (onset + offset)
            lengths = np.maximum(offset - onset, 2.0 * self.step)
        return [
            None if np.isnan(row[0]) else Bump(*row[:4], self.names[int(row[4])], row[5])
            for row in found.tolist()
        ]

    def _means(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        low, high = self._samples(start, end)
        means = (self.integral[high] - self.integral[low]) / (high - low)[:, None]
        return means.reshape(len(start), -1, 2)  # (C, R, 2)

    def _samples(self, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First sample in [start, end], and one past the last; at least one sample."""
        low = np.minimum(np.searchsorted(self.time, start - 1e-9), len(self.time) - 1)
        return low, np.maximum(np.searchsorted(self.time, end + 1e-9), low + 1)

    def _once(self, centre: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Attributes of ``Bump`` in its order, the region as a number; (C, 6), NaN for none."""
        half, flank = 0.5 * length, flank_width(length)
        inside = self._means(centre - 0.5 * half, centre + 0.5 * half)
        before = self._means(centre - half - flank, centre - half)
        after = self._means(centre + half, centre + half + flank)
        move = inside - 0.5 * (before + after)  # (C, R, 2)
        size = np.linalg.norm(move, axis=2)
        largest = np.maximum(size.max(axis=1), 1e-12)
        spread = np.maximum(self.noise, 0.15 * largest[:, None])[..., None]
        weight = move / spread**2
        unit = (weight * move).sum(axis=(1, 2))
        reach = length + flank
        low, high = self._samples(centre - reach, centre + reach)
        fine = (unit > 0.0) & (high - low >= 3)
        unit = np.where(fine, unit, 1.0)

        place = np.arange((high - low).max())  # (W,)
        time = self.time[np.minimum(low[:, None] + place, high[:, None] - 1)]  # (C, W)
        wave = self._waves(weight.reshape(len(weight), -1) / unit[:, None], low, high, length)
        seen = place < (high - low)[:, None]
        core = np.abs(time - centre[:, None]) <= np.maximum(0.6 * half, self.step)[:, None]
        apex = np.where(core & seen, wave, -np.inf).argmax(axis=1)[:, None]  # (C, 1)
        lowest = -self.tolerance / largest
        onset = self._edges(wave[:, ::-1], time[:, ::-1], (place <= apex)[:, ::-1], lowest)
        offset = self._edges(wave, time, (place >= apex) & seen, lowest)

        levels = [(weight * part).sum(axis=(1, 2)) / unit for part in (inside, before, after)]
        around = np.minimum(np.abs(levels[1]), np.abs(levels[2]))
        departure = np.abs(levels[0]) / (around + 0.05)
        peak = self.signal[low + apex[:, 0]].reshape(move.shape)
        sides = np.minimum(
            np.linalg.norm(peak - before, axis=2), np.linalg.norm(peak - after, axis=2)
        )  # (C, R)
        at = np.take_along_axis(time, apex, axis=1)[:, 0]
        found = [onset, at, offset, sides.max(axis=1), sides.argmax(axis=1), departure]
        return np.where(fine[:, None], np.stack(found, axis=1), np.nan)

    def _waves(
        self, weight: np.ndarray, low: np.ndarray, high: np.ndarray, length: np.ndarray
    ) -> np.ndarray:
        """Movement along each candidate's own direction, smoothed with the ends held; (C, W).

        Args:
            weight: (C, R * 2) of the regions along both axes.
            low: (C,) first sample.
            high: (C,) one past the last sample; what comes after it in a row means nothing.
            length: (C,) s.
        """
        sigma = np.maximum(0.04, 0.1 * length) / self.step / 2.355
        reach = np.maximum(np.ceil(3.0 * sigma), 1.0)
        most = int(reach.max())
        lag = np.arange(-most, most + 1)
        kernel = np.exp(-0.5 * (lag / sigma[:, None]) ** 2)  # (C, T)
        kernel[np.abs(lag) > reach[:, None]] = 0.0
        kernel /= kernel.sum(axis=1, keepdims=True)
        held = np.empty((len(low), (high - low).max() + 2 * most))
        for row, own, first, last in zip(held, weight, low.tolist(), high.tolist(), strict=True):
            end = most + last - first
            np.matmul(self.signal[first:last], own, out=row[most:end])
            row[:most], row[end:] = row[most], row[end - 1]
        windows = np.lib.stride_tricks.sliding_window_view(held, len(lag), axis=1)  # (C, W, T)
        return np.einsum("cwt,ct->cw", windows, kernel)

    def _edges(
        self, wave: np.ndarray, time: np.ndarray, side: np.ndarray, lowest: np.ndarray
    ) -> np.ndarray:
        """Times (C,) at which waves (C, W), rightwards from their peaks, reach their feet.

        ``side`` (C, W) begins at the peak. The foot is not below ``lowest`` (C,) unless the peak
        itself is.
        """
        row = np.arange(len(wave))
        peak = side.argmax(axis=1)
        top, foot = wave[row, peak], np.where(side, wave, np.inf).min(axis=1)
        through = (foot < lowest) & (lowest < top)
        foot = np.where(through, np.minimum(0.0, 0.5 * (lowest + top)), foot)
        limit = foot + self.edge * (top - foot)
        index = (side & (wave <= limit[:, None])).argmax(axis=1)
        nearer = np.maximum(index - 1, peak)
        above, under = wave[row, nearer], wave[row, index]
        share = (above - limit) / np.maximum(above - under, 1e-12)
        return time[row, nearer] + share * (time[row, index] - time[row, nearer])
