"""Counts of many sets of predictions in one go, as a search needs them."""

from __future__ import annotations

import numpy as np

from mespot.metric.intervals import Intervals
from mespot.metric.match import optimal
from mespot.metric.overlap import Pairs
from mespot.metric.scorer import F1Scorer


def count_sets(scorer: F1Scorer, rows: Intervals, number: np.ndarray, sets: int) -> np.ndarray:
    """Count TP, FP and FN of many sets of predictions by the standard protocol.

    Pairs of all sets are found and matched together: a set costs little more than its rows.

    Args:
        scorer: of the protocol ``megc``, which holds the truth.
        rows: (n,) predictions of all sets.
        number: (n,) set that each belongs to, 0 to ``sets - 1``.
        sets: number of sets, also those without predictions.

    Returns:
        (sets, V, T, 3) what ``F1Scorer.score`` gives for each set.
    """
    videos, types = len(scorer.videos), max(1, len(scorer.types))
    pairs = scorer.candidates(rows)
    # an event stands once per set, so that sets do not compete for it
    copies = pairs.truth + number[pairs.predicted] * len(scorer.truth)
    credited = pairs.take(optimal(Pairs(copies, pairs.predicted, pairs.iou)))

    def cells(video: np.ndarray, kind: np.ndarray, one: np.ndarray) -> np.ndarray:
        place = (one * videos + video) * types + kind
        return np.bincount(place, minlength=sets * videos * types).reshape(sets, videos, types)

    truth, hit = scorer.truth, credited.truth
    found = cells(truth.video[hit], truth.type[hit], number[credited.predicted])
    made = cells(rows.video, rows.type, number)
    events = np.bincount(truth.video * types + truth.type, minlength=videos * types)
    missed = events.reshape(1, videos, types) - found
    return np.stack([found, made - found, missed], axis=3)
