"""Bumps: the face goes somewhere and comes back, at all lengths at once.

The evidence (``mespot.flow.evidence``) has its peaks at bumps; each is traced to its onset and
offset. Small, quick expressions in a quiet face, as micro-expressions are, are such bumps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.core.events import suppress_spans
from mespot.flow.edges import Bump, Tracer
from mespot.flow.evidence import Evidence, evidence_of
from mespot.flow.signals import FlowSignals
from mespot.flow.spans import overlap
from mespot.params.flow import FlowParams

_LEAST_SCORE = 0.05  # of a bump that is traced at all
_SAME = 0.6  # overlap from which on a candidate is another one's
_NEAR = 0.5  # overlap from which on a stretch is a bump's


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


@dataclass(frozen=True)
class Bumps:
    """Bumps of one video, B of them, ordered by their first sample.

    Attributes:
        first: (B,) int64 first sample.
        last: (B,) int64 last sample, inclusive.
        score: (B,) from ``score_of``.
        departure: (B,) how much farther from rest than its nearer flank, see ``Bump``.
    """

    first: np.ndarray
    last: np.ndarray
    score: np.ndarray
    departure: np.ndarray

    def at(self, first: np.ndarray, last: np.ndarray) -> dict[str, np.ndarray]:
        """Describe stretches by the bump that each is most like.

        Args:
            first: (n,) first sample.
            last: (n,) last sample, inclusive.

        Returns:
            ``bump_score``, ``bump_departure`` of the best bump with at least half in common (0
            without one) and ``bump_fit``, what it has in common; each (n,).
        """
        names = ("bump_score", "bump_departure", "bump_fit")
        found = {name: np.zeros(len(first)) for name in names}
        if not len(first) or not len(self.first):
            return found
        near = (self.first <= last.max()) & (self.last >= first.min())
        begin, end, score, departure = (
            part[near] for part in (self.first, self.last, self.score, self.departure)
        )
        if not len(begin):
            return found
        both = np.minimum(last[:, None], end) - np.maximum(first[:, None], begin) + 1  # (n, b)
        either = np.maximum(last[:, None], end) - np.minimum(first[:, None], begin) + 1
        share = np.maximum(both, 0) / either
        best = np.where(share >= _NEAR, share * score, 0.0).argmax(axis=1)
        row = np.arange(len(first))
        fit = share[row, best]
        like = fit >= _NEAR
        values = (score[best], np.log1p(np.minimum(departure[best], 50.0)), fit)
        return {name: np.where(like, value, 0.0) for name, value in zip(names, values, strict=True)}


def find_bumps(signals: FlowSignals, params: FlowParams) -> Bumps:
    """Find the bumps of one video; at least five crops, a face in some."""
    traced = trace_bumps(signals, params)
    time = signals.time
    onset = np.array([one.bump.onset for one in traced])
    offset = np.array([one.bump.offset for one in traced])
    first = np.minimum(np.searchsorted(time, onset - 1e-6), len(time) - 1)
    last = np.maximum(np.searchsorted(time, offset + 1e-6, side="right") - 1, first)
    score = np.array([score_of(one, params) for one in traced])
    departure = np.array([one.bump.departure for one in traced])
    order = np.lexsort((last, first))
    return Bumps(
        first[order].astype(np.int64), last[order].astype(np.int64), score[order], departure[order]
    )


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
    tried = suppress_spans(spans, overlap, _SAME)
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
