"""Statistics of the annotations that a researcher wants to see before a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mespot.core.events import TYPES, iou_matrix

ME_SECONDS = 0.5  # longest micro-expression by definition (Yan et al., J. Nonverbal Behav. 2013)


def label_statistics(events: pd.DataFrame) -> dict[str, Any]:
    """Describe the lengths and overlaps of events.

    Args:
        events: ``video, type, onset, offset`` (0-based inclusive frames) and ``seconds``.

    Returns:
        ``me`` and ``mae`` with ``count``, and where there are any ``median_s``, ``shortest_s``,
        ``longest_s``, ``over_half_second``; ``overlapping_pairs`` and ``overlapping_half``: pairs
        of events of one video that share a frame, or that have an IoU of at least 0.5;
        ``videos_with_events``.
    """
    result: dict[str, Any] = {"videos_with_events": int(events["video"].nunique())}
    for kind in TYPES:
        lengths = events.loc[events["type"] == kind, "seconds"].to_numpy(dtype=float)
        result[kind] = {"count": int(lengths.size)}
        if lengths.size:
            result[kind] |= {
                "median_s": float(np.median(lengths)),
                "shortest_s": float(lengths.min()),
                "longest_s": float(lengths.max()),
                "over_half_second": int((lengths > ME_SECONDS).sum()),
            }
    touching = half = 0
    for _, group in events.groupby("video", sort=False):
        spans = group[["onset", "offset"]].to_numpy()
        iou = np.triu(iou_matrix(spans, spans), k=1)
        touching += int((iou > 0).sum())
        half += int((iou >= 0.5).sum())
    return result | {"overlapping_pairs": touching, "overlapping_half": half}
