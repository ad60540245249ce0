"""Expressions of a video, found in its flow signals.

Everything that a face does makes stretches (``mespot.flow.proposals``); two scorers, fitted on real
and on rendered faces (``benchmarks/segment_training.py``), tell how likely each is an expression:
one knows expressions as people show and annotators mark them, the other one small, quick movements
in a quiet face, as micro-expressions are. Of stretches that share time the more likely stays.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.events import empty_intervals, suppress_spans
from mespot.flow.bumps import find_bumps
from mespot.flow.channels import channels_of
from mespot.flow.evidence import Evidence, evidence_of
from mespot.flow.forest import Forest
from mespot.flow.proposals import Proposals, propose
from mespot.flow.ranges import RangeMean
from mespot.flow.signals import FlowSignals
from mespot.flow.stretches import StretchFeatures
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
SCORERS = ("expression", "brief")
"""Names of the fitted scorers: expressions as they are marked, and brief small ones."""
_LEAST_SCORE = 0.2  # candidates below are not listed; `mespot spot` gives out from 0.5 on
_LEAST_SEEN = 0.5  # share of a stretch in which there is a face
_BLOCK = 4096  # stretches described at a time
_SAME_IOU = 0.15  # two kept intervals share at most so much of both together
_SAME_SHARE = 0.3  # and so much of the shorter one
_AGREE = 0.7  # IoU from which on a stretch helps to place the edges of a better one
_AGREE_SCORE = 0.7  # if it has this share of its score
# score where the trees say 1, as they are taught of all that shares 70 % with an event: stretches
# beyond it are not told apart by their scores
_FULL = 0.97
_FAR_MORE = 2.0  # times as much agreement lets another one stand for the best


def find_intervals(signals: FlowSignals, params: FlowParams) -> pd.DataFrame:
    """Find ME and MaE intervals.

    Args:
        signals: of one video.
        params: section ``flow``.

    Returns:
        columns ``video`` (empty), ``onset``, ``offset`` (source frames, inclusive), ``type``,
        ``score`` (0.5 = default operating point; rows down to 0.2), and ``FEATURES``; ordered by
        onset. Without movement, with a single frame or without a face: no rows.
    """
    table = empty_table()
    if len(signals.time) < 5 or not (signals.confidence > 0.0).any():
        return table
    stretches, scores = scored_stretches(signals, params)
    rows = _rows(signals, evidence_of(signals, params), stretches, scores, params)
    rows.sort(key=lambda row: (row[1], row[2]))
    return pd.DataFrame(rows, columns=list(table.columns)).astype(table.dtypes) if rows else table


def empty_table() -> pd.DataFrame:
    """Return a table of intervals with ``FEATURES`` and without rows."""
    table = empty_intervals()
    for name, kind in FEATURES.items():
        table[name] = pd.Series(dtype=kind)
    return table


def described(signals: FlowSignals, params: FlowParams) -> tuple[Proposals, StretchFeatures]:
    """Return the stretches of one video and what describes them; at least five crops, a face."""
    channels, evidence = channels_of(signals), evidence_of(signals, params)
    bumps = find_bumps(signals, params)
    stretches = propose(channels, bumps, signals.step)
    return stretches, StretchFeatures(signals, channels, evidence, bumps)


def scored_stretches(signals: FlowSignals, params: FlowParams) -> tuple[Proposals, np.ndarray]:
    """Return the stretches of one video and the (n,) scores of each, the better of both scorers."""
    stretches, features = described(signals, params)
    forests = [load_scorer(name) for name in SCORERS]
    names = sorted({name for forest in forests for name in forest.names})
    columns = [[names.index(name) for name in forest.names] for forest in forests]
    scores = np.zeros(len(stretches))
    for begin in range(0, len(stretches), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        rows = features.describe(stretches.part(part), names)
        for forest, own in zip(forests, columns, strict=True):
            scores[part] = np.maximum(scores[part], forest.score(rows[:, own]))
    seen = RangeMean(signals.confidence > 0.0).over(stretches.first, stretches.last + 1)
    return stretches, np.where(seen < _LEAST_SEEN, 0.0, scores)


@functools.cache
def load_scorer(name: str) -> Forest:
    """Load one of ``SCORERS``."""
    return Forest.load(Path(__file__).with_name("scorers") / f"{name}.npz")


def keep_best(
    first: np.ndarray, last: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep stretches apart, the best first, and place their edges by all that agree with each.

    Where several score as high as can be, the one that most others agree with stands for them.

    Args:
        first: (n,) first sample.
        last: (n,) last sample, inclusive.
        scores: (n,).

    Returns:
        (m,) indices of those that are kept, and their first and last samples, float64.
    """
    order = np.argsort(-scores, kind="stable")
    spans = np.stack([first, last + 1], axis=1).astype(np.float64)
    kept = order[suppress_spans(spans[order], _in_common, 1.0)]
    begins, ends = np.empty(len(kept)), np.empty(len(kept))
    for row, index in enumerate(kept.tolist()):
        agree = _agreeing(first, last, scores, index)
        if scores[index] >= _FULL:
            agree = _most_agreed(first, last, scores, spans, index, agree)
        weight = scores[agree] ** 2
        begins[row] = np.average(first[agree], weights=weight)
        ends[row] = np.average(last[agree], weights=weight)
    return kept, begins, ends


def _agreeing(first: np.ndarray, last: np.ndarray, scores: np.ndarray, index: int) -> np.ndarray:
    """Which stretches (n,) bool say nearly the same as one of them, and nearly as surely."""
    both = np.minimum(last, last[index]) - np.maximum(first, first[index]) + 1
    either = np.maximum(last, last[index]) - np.minimum(first, first[index]) + 1
    return (both >= _AGREE * either) & (scores >= _AGREE_SCORE * scores[index])


def _most_agreed(
    first: np.ndarray,
    last: np.ndarray,
    scores: np.ndarray,
    spans: np.ndarray,
    index: int,
    agree: np.ndarray,
) -> np.ndarray:
    """Among stretches that score as high as can be, those that most others agree with.

    The best one gives way only where far more agree with another: edges should not jump.
    """
    alike = (scores >= _FULL) & (scores <= scores[index])
    best = _FAR_MORE * (scores[agree] ** 2).sum()
    for other in np.flatnonzero(alike & (_in_common(spans[index], spans) > 1.0)).tolist():
        found = _agreeing(first, last, scores, other)
        support = (scores[found] ** 2).sum()
        if support > best:
            agree, best = found, support
    return agree


def _in_common(span: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What a span (2,) shares with others (n, 2); above 1 it is too much."""
    both = np.minimum(others[:, 1], span[1]) - np.maximum(others[:, 0], span[0])
    either = np.maximum(others[:, 1], span[1]) - np.minimum(others[:, 0], span[0])
    shorter = np.minimum(others[:, 1] - others[:, 0], span[1] - span[0])
    both = np.maximum(both, 0.0)
    return np.maximum(both / either / _SAME_IOU, both / shorter / _SAME_SHARE)


def _rows(
    signals: FlowSignals,
    evidence: Evidence,
    stretches: Proposals,
    scores: np.ndarray,
    params: FlowParams,
) -> list[tuple]:
    likely = np.flatnonzero(scores >= _LEAST_SCORE * _AGREE_SCORE)
    some, scores = stretches.part(likely), scores[likely]
    kept, begins, ends = keep_best(some.first, some.last, scores)
    rows = []
    for index, begin, end in zip(kept.tolist(), begins.tolist(), ends.tolist(), strict=True):
        if scores[index] >= _LEAST_SCORE:
            rows.append(_row(signals, evidence, scores[index], round(begin), round(end), params))
    return rows


def _row(
    signals: FlowSignals,
    evidence: Evidence,
    score: float,
    first: int,
    last: int,
    params: FlowParams,
) -> tuple:
    """One interval: where, how certain, and what moves in it."""
    inside = slice(first, last + 1)
    moved = np.asarray(signals.displacement[inside], dtype=np.float64)  # (n, R, 2)
    flank = max(1, (last - first + 1) // 4)
    before = signals.displacement[max(first - flank, 0) : max(first, 1)].mean(axis=0)
    after = signals.displacement[last + 1 : last + 1 + flank]
    after = after.mean(axis=0) if len(after) else moved[-1]
    away = np.minimum(
        np.linalg.norm(moved - before, axis=2), np.linalg.norm(moved - after, axis=2)
    )  # (n, R)
    away[:, [name.startswith("lid") for name in signals.regions]] = 0.0
    moment, region = np.unravel_index(away.argmax(), away.shape)
    seconds = signals.time[last] - signals.time[first]
    length = int(np.abs(np.log(evidence.lengths / max(seconds, 0.05))).argmin())
    level = evidence.level[:, inside]
    peak = int(evidence.level[length, inside].argmax()) + first
    onset = int(signals.frame[first])
    offset = int(min(signals.frame[last], signals.frames - 1))
    duration = (offset - onset + 1) / signals.fps
    amplitude = float(away.max())
    return (
        "", onset, offset, kind_of(duration, amplitude, params), float(score),
        int(np.clip(signals.frame[first + moment], onset, offset)), float(level.max()), duration,
        amplitude, signals.regions[region], evidence.name(length, peak),
        float(signals.confidence[inside].mean()),
    )  # fmt: skip


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
