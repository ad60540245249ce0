"""Matching of predicted intervals to events.

A matching picks, from all pairs that overlap enough, those that are credited: each credited pair
is one TP. All work on the pairs of all videos at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mespot.core.events import iou_matrix
from mespot.metric.overlap import Pairs, enough


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
    from scipy.optimize import linear_sum_assignment  # slow to import, and few commands match

    iou = iou_matrix(truth, predicted)
    allowed = enough(iou, min_iou, strict)
    # one more pair outweighs any total IoU of the others: size first, overlap second
    value = np.where(allowed, min(iou.shape) + 1.0 + iou, 0.0)
    rows, columns = linear_sum_assignment(value, maximize=True)
    kept = allowed[rows, columns]
    return np.stack([rows[kept], columns[kept]], axis=1).astype(np.int64)  # (k, 2)


def optimal(pairs: Pairs) -> np.ndarray:
    """One-to-one, of maximum size.

    Returns:
        credited rows of ``pairs``; their number per group does not depend on which of several
        largest matchings was found.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not len(pairs):
        return np.zeros(0, dtype=np.int64)
    alone = (np.bincount(pairs.truth)[pairs.truth] == 1) & (
        np.bincount(pairs.predicted)[pairs.predicted] == 1
    )
    rest = np.flatnonzero(~alone)  # few pairs compete, and a search matches very many at once
    if not rest.size:
        return np.arange(len(pairs))
    truth = np.unique(pairs.truth[rest], return_inverse=True)[1]
    predicted = np.unique(pairs.predicted[rest], return_inverse=True)[1]
    graph = csr_array(
        (np.ones(rest.size, dtype=np.int8), (truth, predicted)),
        shape=(truth.max() + 1, predicted.max() + 1),
    )
    partner = maximum_bipartite_matching(graph, perm_type="column")
    return np.sort(np.concatenate((np.flatnonzero(alone), rest[partner[truth] == predicted])))


def greedy_iou(pairs: Pairs) -> np.ndarray:
    """One-to-one, the best remaining overlap first; may miss a hit that ``optimal`` finds."""
    events, predictions, credited = set(), set(), []
    for row in np.argsort(-pairs.iou, kind="stable").tolist():
        event, predicted = int(pairs.truth[row]), int(pairs.predicted[row])
        if event not in events and predicted not in predictions:
            events.add(event)
            predictions.add(predicted)
            credited.append(row)
    return np.asarray(credited, dtype=np.int64)


def voc(pairs: Pairs) -> np.ndarray:
    """One-to-one as in Pascal VOC: a prediction tries its best event only.

    Of the predictions that share a best event one is credited, whichever comes first: which one
    does not change a count.
    """
    best = _best(pairs.predicted, pairs.iou)
    _, first = np.unique(pairs.truth[best], return_index=True)
    return best[first]


def gt_loop(pairs: Pairs) -> np.ndarray:
    """Each event takes its best prediction, which may serve several events."""
    return _best(pairs.truth, pairs.iou)


def distinct(pairs: Pairs) -> np.ndarray:
    """Each event takes its best prediction, then each prediction is counted once."""
    best = gt_loop(pairs)
    _, first = np.unique(pairs.predicted[best], return_index=True)
    return best[first]


def every_pair(pairs: Pairs) -> np.ndarray:
    """Each pair counts, so events and predictions may count several times."""
    return np.arange(len(pairs))


def _best(owner: np.ndarray, iou: np.ndarray) -> np.ndarray:
    """Row with the largest IoU of each owner; ties keep the earlier row."""
    order = np.lexsort((np.arange(owner.size), -iou, owner))
    _, first = np.unique(owner[order], return_index=True)
    return order[first]


Matching = Callable[[Pairs], np.ndarray]
"""From the pairs that overlap enough to the rows of those that are credited."""

MATCHINGS: dict[str, Matching] = {
    "optimal": optimal,
    "greedy_iou": greedy_iou,
    "voc": voc,
    "gt_loop": gt_loop,
    "distinct": distinct,
    "every_pair": every_pair,
}
