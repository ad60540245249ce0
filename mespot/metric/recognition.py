"""Spot-then-recognise: the emotion of spotted micro-expressions.

Source: Liong et al. 2023, doi 10.1016/j.image.2022.116875, and the MEGC 2024/2025 rules:
F1_analysis is taken over the spotted pairs whose true class is in the class list, from the
unweighted class means of precision and recall, 2 P R / (P + R); STRS = F1_spot x F1_analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mespot.metric.overlap import Pairs


@dataclass(frozen=True)
class Recognition:
    """Figures over spotted micro-expressions; 0 where undefined.

    Attributes:
        classes: the class list.
        pairs: number of pairs whose true class is in the list.
        precision: mean over classes.
        recall: mean over classes (UAR).
        f1: of both means, F1_analysis.
        uf1: mean of the F1 of the classes.
    """

    classes: tuple[str, ...]
    pairs: int
    precision: float
    recall: float
    f1: float
    uf1: float


def spotted_pairs(pairs: Pairs) -> Pairs:
    """Pair each event that is hit with the first prediction, in the order of rows, that hits it.

    Args:
        pairs: all that overlap enough.
    """
    order = np.lexsort((pairs.predicted, pairs.truth))
    _, first = np.unique(pairs.truth[order], return_index=True)
    return pairs.take(order[first])


def recognise(
    true: np.ndarray, predicted: np.ndarray, classes: Sequence[str] | None = None
) -> Recognition:
    """Score the emotions of spotted pairs.

    Args:
        true: (k,) emotion of the event of each pair.
        predicted: (k,) emotion of its prediction.
        classes: the class list; None: all that occur in ``true``.
    """
    true, predicted = np.asarray(true, dtype=str), np.asarray(predicted, dtype=str)
    names = np.unique(true) if classes is None else np.asarray(classes, dtype=str)
    kept = np.isin(true, names)
    true, predicted = true[kept], predicted[kept]
    is_true = true[None, :] == names[:, None]  # (C, k)
    is_predicted = predicted[None, :] == names[:, None]
    hits = (is_true & is_predicted).sum(axis=1)
    precision = _mean_ratio(hits, is_predicted.sum(axis=1))
    recall = _mean_ratio(hits, is_true.sum(axis=1))
    both = precision + recall
    return Recognition(
        classes=tuple(names.tolist()),
        pairs=int(kept.sum()),
        precision=precision,
        recall=recall,
        f1=2.0 * precision * recall / both if both else 0.0,
        uf1=_mean_ratio(2 * hits, is_true.sum(axis=1) + is_predicted.sum(axis=1)),
    )


def _mean_ratio(part: np.ndarray, whole: np.ndarray) -> float:
    if not part.size:
        return 0.0
    ratios = np.divide(part, whole, out=np.zeros(part.size), where=whole > 0)
    return float(ratios.mean())
