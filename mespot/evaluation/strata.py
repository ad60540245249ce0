"""F1 by a property of the expression: how long it lasts, how much the head moves meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mespot.metric import f1_score

COLUMNS = ("branch", "bin", "low", "high", "tp", "fp", "fn", "f1")


def seconds_of(verdicts: pd.DataFrame, fps: Mapping[str, float]) -> np.ndarray:
    """Duration of every row of ``judge``: of the event, or of a false alarm itself, in s."""
    onset, offset = judged_spans(verdicts).T
    return (offset - onset + 1) / verdicts["video"].map(dict(fps)).to_numpy(dtype=np.float64)


def judged_spans(verdicts: pd.DataFrame) -> np.ndarray:
    """Onset and offset (n, 2) of the event, or of the found interval where there is no event."""
    false = (verdicts["verdict"] == "false").to_numpy()[:, None]
    event = verdicts[["onset", "offset"]].to_numpy()
    found = verdicts[["found_onset", "found_offset"]].to_numpy()
    return np.where(false, found, event)


def span_means(frames: np.ndarray, values: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Mean of a signal over each span of frames; the nearest sample where a span holds none.

    Args:
        frames: (N,) source frame of every sample, rising.
        values: (N,) signal.
        spans: (n, 2) onset and offset, inclusive.
    """
    first = np.minimum(np.searchsorted(frames, spans[:, 0]), len(frames) - 1)
    last = np.maximum(np.searchsorted(frames, spans[:, 1], side="right"), first + 1)
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return (total[last] - total[first]) / (last - first)


def tertile_edges(values: np.ndarray) -> list[float]:
    """Borders of three equally filled bins, fewer where values repeat."""
    known = np.asarray(values, dtype=np.float64)
    return sorted({*np.quantile(known, [1 / 3, 2 / 3]).tolist()}) if known.size else []


def f1_by_bin(
    verdicts: pd.DataFrame, values: np.ndarray, edges: Sequence[float], unit: str
) -> pd.DataFrame:
    """Count and score within bins of a property.

    An event counts in the bin of its own value, a false alarm in that of its own.

    Args:
        verdicts: rows of ``judge`` with a column ``branch``.
        values: (n,) property of every row.
        edges: inner borders of the bins, rising; a value on a border belongs to the upper bin.
        unit: for the names of the bins.

    Returns:
        ``COLUMNS``; bins without events and false alarms are left out.
    """
    borders = [-np.inf, *edges, np.inf]
    place = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="right")
    rows = []
    for branch in dict.fromkeys(verdicts["branch"]):
        mine = (verdicts["branch"] == branch).to_numpy()
        for number in range(len(borders) - 1):
            verdict = verdicts["verdict"][mine & (place == number)]
            counts = [int((verdict == name).sum()) for name in ("hit", "false", "miss")]
            if sum(counts):
                low, high = borders[number], borders[number + 1]
                f1 = float(f1_score(np.array(counts)))
                rows.append((branch, _name(low, high, unit), low, high, *counts, f1))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _name(low: float, high: float, unit: str) -> str:
    if not np.isfinite(low):
        return f"< {high:.3g} {unit}" if np.isfinite(high) else "all"
    return f"{low:.3g} - {high:.3g} {unit}" if np.isfinite(high) else f">= {low:.3g} {unit}"
