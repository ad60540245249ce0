"""Precision and recall over the score of the predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mespot.events import TYPES
from mespot.metric.counts import OVERALL, F1Scorer


@dataclass(frozen=True)
class Curve:
    """Precision and recall when only scores from a threshold on are kept.

    Attributes:
        score: (k,) thresholds, falling; one per distinct score.
        precision: (k,) TP over kept predictions.
        recall: (k,) TP over events, 0 without events.
    """

    score: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


def precision_recall(scorer: F1Scorer, predictions: Mapping[str, Any] | Any) -> dict[str, Curve]:
    """Trace precision and recall of each type and of all.

    Predictions come in by falling score. Each one either lengthens the largest one-to-one matching
    by one (an augmenting path exists) or never will, so the number of TP at every threshold is
    that of a full matching there, at the cost of one.

    Args:
        scorer: holds truth, videos and rules.
        predictions: table with ``score``, see the package docstring.

    Returns:
        curves by type (none in type-blind mode) and ``overall``.

    Raises:
        MespotError: see ``F1Scorer.read``.
    """
    rows = scorer.read(predictions)
    order = np.argsort(-rows.score, kind="stable")
    hit = _prefix_hits(scorer, rows, order)
    curves = {}
    for name in (*scorer.types, OVERALL):
        events, chosen = len(scorer.truth), order
        if name != OVERALL:
            code = TYPES.index(name)
            events = int((scorer.truth.type == code).sum())
            chosen = order[rows.type[order] == code]
        curves[name] = _trace(rows.score[chosen], hit[chosen], events)
    return curves


def average_precision(curve: Curve) -> float:
    """Area below the curve: precision at each threshold, weighted by the recall gained there."""
    gained = np.diff(curve.recall, prepend=0.0)
    return float(np.sum(gained * curve.precision))


def _trace(score: np.ndarray, hit: np.ndarray, events: int) -> Curve:
    last = np.flatnonzero(np.diff(score, append=-np.inf) < 0)  # last row of each distinct score
    tp = np.cumsum(hit)[last]
    return Curve(score[last], tp / (last + 1.0), tp / max(events, 1))


def _prefix_hits(scorer: F1Scorer, rows: Any, order: np.ndarray) -> np.ndarray:
    pairs = scorer.candidates(rows)
    events_of: dict[int, list[int]] = {}
    for truth, predicted in zip(pairs.truth.tolist(), pairs.predicted.tolist(), strict=True):
        events_of.setdefault(predicted, []).append(truth)
    owner: dict[int, int] = {}

    def augment(predicted: int, seen: set[int]) -> bool:
        for event in events_of[predicted]:
            if event in seen:
                continue
            seen.add(event)
            if event not in owner or augment(owner[event], seen):
                owner[event] = predicted
                return True
        return False

    hit = np.zeros(len(rows), dtype=bool)
    for predicted in order.tolist():
        if predicted in events_of:
            hit[predicted] = augment(predicted, set())
    return hit
