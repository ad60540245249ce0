"""Slices of several lengths as proposals of intervals, the overlapping ones suppressed."""

from __future__ import annotations

import numpy as np

from mespot.core.events import iou_matrix


def suppressed_scores(
    spans: np.ndarray, scores: np.ndarray, least: float, max_iou: float, soft: bool
) -> np.ndarray:
    """Scores of proposals after non-maximum suppression.

    The best proposal is taken, the others lose score by their overlap with it, and so on: a hard
    suppression loses all of it above ``max_iou``, a soft one ``exp(-(IoU / max_iou)^2)`` of it
    (Gaussian soft-NMS, Bodla et al. 2017). Since a proposal is only weakened by better ones, the
    result holds for every threshold from ``least`` on.

    Args:
        spans: (n, 2) first and last frame of each proposal, inclusive.
        scores: (n,) scores; of equal ones the earlier row comes first.
        least: proposals below it are not looked at and get 0.
        max_iou: overlap allowed by hard, scale of the decay by soft suppression.
        soft: soft instead of hard suppression.

    Returns:
        (n,) scores, 0 for what was suppressed.
    """
    result = np.zeros(len(scores))
    rows = np.flatnonzero(scores >= least)
    left = scores[rows].astype(np.float64)
    spans = np.asarray(spans, dtype=np.float64)[rows]
    while left.size and left.max() >= least:
        best = int(left.argmax())
        result[rows[best]] = left[best]
        overlap = iou_matrix(spans[best], spans)[0]
        left = left * np.exp(-((overlap / max_iou) ** 2)) if soft else left * (overlap <= max_iou)
        left[best] = 0.0
    return result
