"""Operating points: from which score on the intervals of a member are given out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.metric import F1Scorer, count_sets, f1_score


def operating_point(
    intervals: pd.DataFrame, scorer: F1Scorer, among: np.ndarray, thresholds: Sequence[float]
) -> tuple[dict[str, float], np.ndarray]:
    """Choose the score threshold of each type by F1 on some of the videos.

    Args:
        intervals: scored intervals.
        scorer: holds the truth and the full list of videos.
        among: (V,) True for the videos that the choice may see.
        thresholds: scores tried, rising; of several equally good ones the middle is taken, which
            lies farthest from where F1 falls off.

    Returns:
        type -> threshold, and the (V, T, 3) TP, FP and FN of all videos at the chosen ones.
    """
    rows = scorer.read(intervals)
    tried = [np.flatnonzero(rows.score >= value) for value in thresholds]
    number = np.repeat(np.arange(len(tried)), [len(part) for part in tried])
    counts = count_sets(scorer, rows.take(np.concatenate(tried)), number, len(tried))
    f1 = f1_score(counts[:, among].sum(axis=1))  # (K, T)
    chosen, taken = {}, np.empty(counts.shape[1:], dtype=counts.dtype)
    for column, kind in enumerate(TYPES):
        equal = np.flatnonzero(f1[:, column] >= f1[:, column].max() - 1e-12)
        best = int(equal[len(equal) // 2])
        chosen[kind] = float(thresholds[best])
        taken[:, column] = counts[best, :, column]
    return chosen, taken


def above(intervals: pd.DataFrame, thresholds: Mapping[str, float]) -> pd.DataFrame:
    """Keep the intervals whose score reaches the threshold of their type."""
    limit = np.array([thresholds.get(kind, np.inf) for kind in intervals["type"]], dtype=float)
    return intervals[intervals["score"].to_numpy(dtype=float) >= limit].reset_index(drop=True)


def hits(intervals: pd.DataFrame, scorer: F1Scorer) -> np.ndarray:
    """Tell which intervals (n,) are hits when all are given out; one per event."""
    taken = np.zeros(len(intervals), dtype=np.int64)
    taken[scorer.credited(scorer.read(intervals)).predicted] = 1
    return taken
