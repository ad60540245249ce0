"""Expression intervals of a video, found in its flow signals at all lengths at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mespot.events import empty_intervals
from mespot.flow.edges import Bump, Tracer
from mespot.flow.evidence import Evidence, evidence_of
from mespot.flow.signals import FlowSignals
from mespot.flow.spans import keep_apart, overlap, share_of_shorter
from mespot.params.flow import FlowParams

FEATURES = {
    "apex": np.int64,
    "peak_sd": np.float64,
    "duration_s": np.float64,
    "amplitude_iod": np.float64,
    "region": str,
    "action": str,
    "confidence": np.float64,
}
"""Columns beyond ``INTERVAL_COLUMNS``."""
_LEAST_SCORE = 0.1
_SAME = 0.6  # overlap from which on a candidate is another one's


@dataclass(frozen=True)
class Traced:
    """A bump and what speaks for it.

    Attributes:
        level: peak of the evidence, noise SDs.
        bump: edges and amplitude.
        action: the facial action that it is most like.
        confidence: mean of the signals' confidence inside.
    """

    level: float
    bump: Bump
    action: str
    confidence: float


def find_intervals(signals: FlowSignals, params: FlowParams) -> pd.DataFrame:
    """Find ME and MaE intervals.

    Args:
        signals: of one video.
        params: section ``flow``.

    Returns:
        columns ``video`` (empty), ``onset``, ``offset`` (source frames, inclusive), ``type``,
        ``score`` (0.5 = default operating point; rows down to 0.1), and ``FEATURES``; ordered by
        onset. Without movement, with a single frame or without a face: no rows.
    """
    table = empty_table()
    if len(signals.time) < 5 or not (signals.confidence > 0.0).any():
        return table
    return choose(signals, trace_bumps(signals, params), params)


def empty_table() -> pd.DataFrame:
    """Return a table of intervals with ``FEATURES`` and without rows."""
    table = empty_intervals()
    for name, kind in FEATURES.items():
        table[name] = pd.Series(dtype=kind)
    return table


def candidates(
    evidence: Evidence, step: float, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local maxima over time at every length: level, length index, sample; (n,), best first."""
    numbers, samples = [], []
    for number, (length, level) in enumerate(zip(evidence.lengths, evidence.level, strict=True)):
        reach = max(1, round(0.25 * length / step))
        padded = np.pad(level, reach, constant_values=-1.0)
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
        high = np.flatnonzero(level >= least)
        high = high[level[high] >= windows[high].max(axis=1, initial=-1.0)]
        numbers.append(np.full(len(high), number))
        samples.append(high)
    number, sample = np.concatenate(numbers), np.concatenate(samples)
    level = evidence.level[number, sample]
    order = np.argsort(-level, kind="stable")  # of equal ones the shorter, then the earlier
    return level[order], number[order], sample[order]


def trace_bumps(signals: FlowSignals, params: FlowParams) -> list[Traced]:
    """Trace the bumps of one video, before any is scored; at least five crops, a face in some."""
    evidence = evidence_of(signals, params)
    least = params.threshold * (_LEAST_SCORE / (1.0 - _LEAST_SCORE)) ** (1.0 / params.slope)
    level, number, sample = candidates(evidence, signals.step, least)
    centre, length = np.asarray(signals.time)[sample], evidence.lengths[number]
    spans = np.stack([centre - 0.5 * length, centre + 0.5 * length], axis=1)
    tried = keep_apart(spans, overlap, _SAME)
    tracer = Tracer(signals, params.edge, params.neutral_tolerance)
    bumps = tracer.trace(centre[tried], length[tried])
    found = []
    for index, bump in zip(tried.tolist(), bumps, strict=True):
        if bump is not None and bump.offset - bump.onset <= 1.5 * params.longest:
            action = evidence.name(number[index], sample[index])
            sure = _confidence(signals, bump)
            found.append(Traced(float(level[index]), bump, action, sure))
    return found


def _confidence(signals: FlowSignals, bump: Bump) -> float:
    first = np.searchsorted(signals.time, bump.onset)
    last = np.searchsorted(signals.time, bump.offset, side="right")
    return float(signals.confidence[first:last].mean()) if last > first else 0.0


def choose(signals: FlowSignals, bumps: list[Traced], params: FlowParams) -> pd.DataFrame:
    """Score bumps and keep the best where they share time; the table of ``find_intervals``."""
    scored = [(score_of(one, params), one) for one in bumps]
    scored = [pair for pair in scored if pair[0] >= _LEAST_SCORE]
    scored.sort(key=lambda pair: (-pair[0], -pair[1].level))
    spans = np.array([(one.bump.onset, one.bump.offset) for _, one in scored]).reshape(-1, 2)
    kept = keep_apart(spans, share_of_shorter, params.max_shared)
    rows = [_row(signals, params, *scored[index]) for index in kept.tolist()]
    table = empty_table()
    rows.sort(key=lambda row: (row[1], row[2]))
    return pd.DataFrame(rows, columns=list(table.columns)).astype(table.dtypes) if rows else table


def _row(signals: FlowSignals, params: FlowParams, score: float, one: Traced) -> tuple:
    bump = one.bump
    onset, offset = source_frames(bump.onset, bump.offset, signals)
    apex = int(np.clip(round(bump.apex * signals.fps), onset, offset))
    duration = (offset - onset + 1) / signals.fps
    return (
        "", onset, offset, kind_of(duration, bump.amplitude, params), score,
        apex, one.level, duration, bump.amplitude, bump.region, one.action, one.confidence,
    )  # fmt: skip


def score_of(one: Traced, params: FlowParams) -> float:
    """Score in [0, 1]: certain only when a bump is above noise, large, off neutral and well seen.

    Four odds are joined so that the smallest rules: peak over ``threshold``, amplitude over the
    smallest that counts as an expression at this duration (slow drift moves skin too, so longer
    bumps have to be larger), departure from neutral, and confidence against doubt (a head that is
    whirling about or leaving the picture moves skin in any direction).
    """
    bump = one.bump
    least = max(params.least_speed * (bump.offset - bump.onset), params.least_amplitude)
    ratios = (
        one.level / params.threshold,
        bump.amplitude / min(least, params.enough_amplitude),
        bump.departure / params.least_departure,
        (one.confidence / max(1.0 - one.confidence, 1e-6)) ** 2,
    )
    return 1.0 / (1.0 + sum(max(ratio, 1e-6) ** -params.slope for ratio in ratios))


def kind_of(duration: float, amplitude: float, params: FlowParams) -> str:
    """``me`` or ``mae``: annotators go by duration and by how small the movement is.

    Args:
        duration: s.
        amplitude: IOD.
        params: ``me_seconds`` and ``me_amplitude`` are the border; a movement ``n`` times as
            large as the border has to be ``n ** amplitude_weight`` times as short to be an ME.
    """
    size = params.amplitude_weight * np.log(max(amplitude, 1e-6) / params.me_amplitude)
    return "me" if np.log(max(duration, 1e-6) / params.me_seconds) + size < 0.0 else "mae"


def source_frames(onset: float, offset: float, signals: FlowSignals) -> tuple[int, int]:
    """First and last source frame inside [onset, offset] seconds, at least one frame."""
    first = int(np.ceil(onset * signals.fps - 1e-6))
    last = max(int(np.floor(offset * signals.fps + 1e-6)), first)
    top = max(signals.frames - 1, 0)
    return int(np.clip(first, 0, top)), int(np.clip(last, 0, top))
