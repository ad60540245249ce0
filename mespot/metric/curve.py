"""Precision and recall over the score of the predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mespot.core.errors import MespotError
from mespot.metric.counts import OVERALL
from mespot.metric.match import MATCHINGS
from mespot.metric.overlap import Pairs
from mespot.metric.scorer import F1Scorer

_STEADY = ("voc", "gt_loop", "every_pair")


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

    Predictions come in by falling score, and what each adds to the TP stays whatever comes later.
    With the largest one-to-one matching, each either lengthens it by one (an augmenting path
    exists) or never will, so the number of TP at every threshold is that of a full matching
    there, at the cost of one.

    Args:
        scorer: holds truth, videos and rules.
        predictions: table with ``score``, see the package docstring.

    Returns:
        curves by type (none in type-blind mode) and ``overall``.

    Raises:
        MespotError: see ``F1Scorer.read``; or the protocol has no such curve, since its TP or its
            videos depend on the whole set of predictions.
    """
    _check(scorer)
    rows = scorer.read(predictions)
    kind = scorer.kind(rows)
    width = max(1, len(scorer.types))
    everywhere = scorer.counted(np.ones((len(scorer.videos), width), dtype=np.int64))
    order = np.argsort(-rows.score, kind="stable")
    hit, gained = _gains(scorer, rows, order)
    gained_score, gained_kind = rows.score[hit], scorer.kind(scorer.truth.take(gained))
    order = order[everywhere[rows.video[order], kind[order]]]
    curves = {}
    for name in (*scorer.types, OVERALL):
        code = scorer.types.index(name) if name != OVERALL else None
        chosen = order if code is None else order[kind[order] == code]
        gains = gained_score if code is None else gained_score[gained_kind == code]
        events = len(scorer.truth) if code is None else int((scorer.truth.type == code).sum())
        curves[name] = _trace(rows.score[chosen], np.sort(gains), events)
    return curves


def average_precision(curve: Curve) -> float:
    """Area below the curve: precision at each threshold, weighted by the recall gained there."""
    gained = np.diff(curve.recall, prepend=0.0)
    return float(np.sum(gained * curve.precision))


def _check(scorer: F1Scorer) -> None:
    protocol = scorer.protocol
    if protocol.dummy or protocol.videos == "spotted":
        found = f"protocol {protocol.name}, where FP or videos depend on the set of predictions"
    elif protocol.matching not in ("optimal", *_STEADY):
        found = f"matching {protocol.matching}, where a further prediction can undo a hit"
    else:
        return
    raise MespotError(
        f"curve: found {found}, expected matching optimal, {', '.join(_STEADY)} without dummies"
    )


def _trace(score: np.ndarray, gains: np.ndarray, events: int) -> Curve:
    """Build a curve from the falling scores of predictions and the rising scores of TP."""
    last = np.flatnonzero(np.diff(score, append=-np.inf) < 0)  # last row of each distinct score
    tp = gains.size - np.searchsorted(gains, score[last], side="left")
    recall = tp / events if events else np.zeros(tp.size)
    return Curve(score[last], tp / (last + 1.0), recall)


def _gains(scorer: F1Scorer, rows: Any, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the prediction and the event of each TP, the prediction being the one that adds it."""
    pairs = scorer.candidates(rows)
    if scorer.protocol.matching == "optimal":
        return _augment(pairs, order)
    if scorer.protocol.matching == "voc":  # a prediction tries its best event, whoever else does
        pairs = pairs.take(MATCHINGS["gt_loop"](Pairs(pairs.predicted, pairs.truth, pairs.iou)))
    if scorer.protocol.matching != "every_pair":  # an event counts once, with the best score
        by_score = np.lexsort((-rows.score[pairs.predicted], pairs.truth))
        _, first = np.unique(pairs.truth[by_score], return_index=True)
        pairs = pairs.take(by_score[first])
    return pairs.predicted, pairs.truth


def _augment(pairs: Pairs, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    events_of: dict[int, list[int]] = {}
    for truth, predicted in zip(pairs.truth.tolist(), pairs.predicted.tolist(), strict=True):
        events_of.setdefault(predicted, []).append(truth)
    owner: dict[int, int] = {}

    def augment(predicted: int, seen: set[int]) -> int | None:
        """Give ``predicted`` an event; return the event that had none before."""
        # a free event first: paths stay short where many predictions share many events
        for event in sorted(events_of[predicted], key=owner.__contains__):
            if event in seen:
                continue
            seen.add(event)
            freed = event if event not in owner else augment(owner[event], seen)
            if freed is not None:
                owner[event] = predicted
                return freed
        return None

    hit, gained = [], []
    for predicted in order.tolist():
        event = augment(predicted, set()) if predicted in events_of else None
        if event is not None:
            hit.append(predicted)
            gained.append(event)
    return np.asarray(hit, dtype=np.int64), np.asarray(gained, dtype=np.int64)
