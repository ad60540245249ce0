"""Matching of predicted intervals to events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from mespot.events import iou_matrix
from mespot.metric.intervals import Intervals


@dataclass(frozen=True)
class Pairs:
    """Pairs that overlap enough to be matched.

    Attributes:
        truth: (k,) rows of the truth.
        predicted: (k,) rows of the predictions; pairs are in the order of the predictions.
        iou: (k,) intersection over union.
    """

    truth: np.ndarray
    predicted: np.ndarray
    iou: np.ndarray


def match(
    truth: np.ndarray, predicted: np.ndarray, min_iou: float = 0.5, strict: bool = False
) -> np.ndarray:
    """Match the intervals of one video one-to-one.

    The largest possible number of pairs is taken and, among the matchings of that size, the one
    with the largest total IoU.

    Args:
        truth: (n, 2) onsets and offsets, inclusive frames.
        predicted: (m, 2) likewise.
        min_iou: smallest IoU of a pair.
        strict: ask for an IoU above ``min_iou`` instead of equal or above.

    Returns:
        (k, 2) rows of the truth and of the predictions, by rising row of the truth.
    """
    iou = iou_matrix(truth, predicted)
    allowed = enough(iou, min_iou, strict)
    # one more pair outweighs any total IoU of the others: size first, overlap second
    value = np.where(allowed, min(iou.shape) + 1.0 + iou, 0.0)
    rows, columns = linear_sum_assignment(value, maximize=True)
    kept = allowed[rows, columns]
    return np.stack([rows[kept], columns[kept]], axis=1).astype(np.int64)  # (k, 2)


def enough(iou: np.ndarray, min_iou: float, strict: bool) -> np.ndarray:
    """Tell which overlaps suffice for a hit."""
    return iou > min_iou if strict else iou >= min_iou


class TruthIndex:
    """Events sorted by group, so that candidates of thousands of predictions need no loop.

    A group is what may match at all: a video, or a video and a type.
    """

    def __init__(self, truth: Intervals, group: np.ndarray, groups: int):
        """Sort the events.

        Args:
            truth: (n,) events.
            group: (n,) group of each event.
            groups: number of groups.
        """
        self._order = np.argsort(group, kind="stable")
        self._start = np.searchsorted(group[self._order], np.arange(groups + 1))
        self._onset = truth.onset
        self._offset = truth.offset

    def pairs(
        self, predictions: Intervals, group: np.ndarray, min_iou: float, strict: bool
    ) -> Pairs:
        """Find all pairs of the same group that overlap enough.

        Args:
            predictions: (m,) predicted intervals.
            group: (m,) group of each prediction.
            min_iou: smallest IoU.
            strict: ask for more than ``min_iou``.
        """
        sizes = self._start[group + 1] - self._start[group]  # events that share the group
        predicted = np.repeat(np.arange(group.size), sizes)
        within = np.arange(predicted.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        truth = self._order[self._start[group[predicted]] + within]
        start = np.maximum(self._onset[truth], predictions.onset[predicted])
        end = np.minimum(self._offset[truth], predictions.offset[predicted])
        inter = np.maximum(end - start + 1.0, 0.0)
        lengths = (self._offset - self._onset)[truth] + (predictions.offset - predictions.onset)[
            predicted
        ]
        iou = inter / (lengths + 2.0 - inter)
        kept = np.flatnonzero(enough(iou, min_iou, strict))
        return Pairs(truth[kept], predicted[kept], iou[kept])


def largest_matching(pairs: Pairs, events: int, predictions: int) -> np.ndarray:
    """Find a one-to-one matching of maximum size in the candidates of all groups at once.

    Args:
        pairs: (k,) candidates.
        events: number of events, n.
        predictions: number of predictions.

    Returns:
        rows of the truth that are hit; their number per group does not depend on which of
        several largest matchings was found.
    """
    if not pairs.truth.size:
        return pairs.truth
    alone = np.bincount(pairs.truth).max() == 1 and np.bincount(pairs.predicted).max() == 1
    if alone:
        return pairs.truth
    graph = csr_array(
        (np.ones(pairs.truth.size, dtype=np.int8), (pairs.truth, pairs.predicted)),
        shape=(events, predictions),
    )
    return np.flatnonzero(maximum_bipartite_matching(graph, perm_type="column") >= 0)
