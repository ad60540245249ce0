"""Flow signals of a face that does nothing, of which tests replace what they are about."""

from __future__ import annotations

import dataclasses

import numpy as np

from mespot.flow.regions import EXPRESSIVE
from mespot.flow.signals import FlowSignals
from mespot.flow.states import NAMES

REGIONS = tuple(region.name for region in EXPRESSIVE)
PLACES = np.random.default_rng(0).uniform((-0.8, -0.4), (0.8, 1.6), (len(REGIONS), 2))


def plain_signals(time: np.ndarray, regions: tuple[str, ...] = REGIONS, **given) -> FlowSignals:
    """Crops at ``time`` (N,) s, one per source frame; ``given``: fields that are something else."""
    count = len(time)
    rate = 1.0 / float(np.median(np.diff(time))) if count > 1 else 25.0
    zeros = np.zeros(count, np.float32)
    signals = FlowSignals(
        frame=np.arange(count), time=np.asarray(time, np.float64), regions=regions,
        displacement=np.zeros((count, len(regions), 2), np.float32),
        noise=np.full(len(regions), 5e-4, np.float32), strength=zeros, blink=zeros,
        head_motion=zeros, residual=zeros, confidence=zeros + 1, speech=zeros,
        pose=np.zeros((count, 6), np.float32),
        geometry=np.array([0.0, 0.4, 0.05, 0.35], np.float32),
        centres=PLACES[: len(regions)].astype(np.float32),
        states=np.zeros((count, len(NAMES)), bool), disturbed=zeros,
        angles=np.zeros((count, 2), np.float32), frames=count, fps=rate,
    )  # fmt: skip
    return dataclasses.replace(signals, **given)


def moving(time: np.ndarray, seed: int = 0, noise: float = 5e-4, **moves) -> FlowSignals:
    """Signals in which regions move.

    Args:
        time: (N,) s.
        seed: of the noise.
        noise: its SD, IOD.
        moves: by the beginning of the regions' names, what is added to them: (N, 2) IOD.
    """
    displacement = np.random.default_rng(seed).normal(0.0, noise, (len(time), len(REGIONS), 2))
    for start, move in moves.items():
        own = [number for number, name in enumerate(REGIONS) if name.startswith(start)]
        assert own, start
        displacement[:, own] += np.asarray(move)[:, None]
    return plain_signals(time, displacement=displacement.astype(np.float32))


def up(wave: np.ndarray) -> np.ndarray:
    """Movement (N, 2) upward by ``wave`` (N,) IOD."""
    return np.stack([np.zeros_like(wave), -wave], axis=1)


def bump(time: np.ndarray, start: float, end: float, ramp: float, height: float) -> np.ndarray:
    """Rise within ``ramp`` s from ``start``, hold, fall that ends at ``end``: (N,)."""
    share = np.interp(time, [start, start + ramp, end - ramp, end], [0.0, 1.0, 1.0, 0.0])
    return height * (0.5 - 0.5 * np.cos(np.pi * share))
