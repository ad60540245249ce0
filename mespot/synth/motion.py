"""Continuous functions of time: wandering motion, quick bumps, expression envelopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ONSET_LEVEL = 0.03
"""Share of the peak from which on an expression counts as visible movement."""
_RAMP_AT_ONSET = float(np.arccos(1.0 - 2.0 * ONSET_LEVEL) / np.pi)


@dataclass(frozen=True)
class Wander:
    """A slow random walk written as a sum of sines, so that it has a value at any time.

    Attributes:
        amplitudes: of the sines.
        frequencies: Hz.
        phases: radians.
    """

    amplitudes: np.ndarray
    frequencies: np.ndarray
    phases: np.ndarray

    def at(self, time: float) -> float:
        """Return the value at ``time`` seconds."""
        angles = 2.0 * np.pi * self.frequencies * time + self.phases
        return float(self.amplitudes @ np.sin(angles))


def make_wander(rng: np.random.Generator, rms: float, low: float, high: float) -> Wander:
    """Draw a wander.

    Args:
        rng: source of randomness.
        rms: root mean square of the value.
        low: lowest frequency, Hz.
        high: highest frequency, Hz; amplitudes fall with the frequency.
    """
    frequencies = np.exp(rng.uniform(np.log(low), np.log(high), 7))
    amplitudes = rng.uniform(0.5, 1.0, 7) / frequencies
    amplitudes *= rms / np.sqrt((amplitudes**2).sum() / 2.0)
    return Wander(amplitudes, frequencies, rng.uniform(0.0, 2.0 * np.pi, 7))


@dataclass(frozen=True)
class Envelope:
    """Raised-cosine rise, hold and fall.

    Attributes:
        start: where the rise begins, s.
        top: where the peak is reached, s.
        release: where the fall begins, s.
        end: where the fall ends, s.
    """

    start: float
    top: float
    release: float
    end: float

    def at(self, time: float) -> float:
        """Return the value in [0, 1] at ``time`` seconds."""
        if time <= self.start or time >= self.end:
            return 0.0
        if time < self.top:
            share = (time - self.start) / (self.top - self.start)
        elif time <= self.release:
            return 1.0
        else:
            share = (self.end - time) / (self.end - self.release)
        return float(0.5 - 0.5 * np.cos(np.pi * share))

    @property
    def onset(self) -> float:
        """Time at which the value rises above ``ONSET_LEVEL``, s."""
        return self.start + _RAMP_AT_ONSET * (self.top - self.start)

    @property
    def offset(self) -> float:
        """Time at which the value falls below ``ONSET_LEVEL``, s."""
        return self.end - _RAMP_AT_ONSET * (self.end - self.release)


def visible_envelope(onset: float, rise: float, hold: float, fall: float) -> Envelope:
    """Return the envelope that is visible (above ``ONSET_LEVEL``) from ``onset`` on.

    Args:
        onset: s.
        rise: visible part of the rise, s.
        hold: s.
        fall: visible part of the fall, s.
    """
    ramp_up = rise / (1.0 - _RAMP_AT_ONSET)
    ramp_down = fall / (1.0 - _RAMP_AT_ONSET)
    top = onset + rise
    return Envelope(top - ramp_up, top, top + hold, top + hold + ramp_down)
