"""Tables of events (truth) and intervals (predictions): columns, checks, IoU, merging.

Conventions, everywhere inside mespot: frame numbers are 0-based indices into the decoded frames
of a video; onset and offset are both inclusive, so an interval holds ``offset - onset + 1``
frames; ``apex`` is -1 where unknown; ``type`` is ``me`` or ``mae``; a predicted interval carries
a ``score`` in [0, 1]. Official numbers exist only in data adapters and submission files.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError

TYPES = ("me", "mae")
EVENT_COLUMNS = ("subject", "video", "onset", "apex", "offset", "type")
Share = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From a span (2,) and others (n, 2) to what it shares with each, (n,)."""
INTERVAL_COLUMNS = ("video", "onset", "offset", "type", "score")


def empty_intervals() -> pd.DataFrame:
    """Return an interval table without rows, with the columns' proper types."""
    return pd.DataFrame(
        {
            "video": pd.Series(dtype=str),
            "onset": pd.Series(dtype=np.int64),
            "offset": pd.Series(dtype=np.int64),
            "type": pd.Series(dtype=str),
            "score": pd.Series(dtype=np.float64),
        }
    )


def check_table(table: pd.DataFrame, columns: tuple[str, ...], source: str) -> pd.DataFrame:
    """Check columns, whole non-negative frames, order and types of an event or interval table.

    Args:
        table: rows with at least ``columns``.
        columns: the columns that must be there.
        source: file name for messages; rows are named by the column ``line`` where there is one,
            else the header counts as row 1.

    Raises:
        MespotError: naming the file, the row, what was found and what is expected.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise MespotError(
            f"{source}: column {missing[0]!r} is missing, found "
            f"{', '.join(map(str, table.columns))}"
        )
    table = table.copy()
    lines = table["line"] if "line" in table.columns else pd.RangeIndex(2, len(table) + 2)
    line = np.asarray(lines)
    for name in ("onset", "offset"):
        numbers = pd.to_numeric(table[name], errors="coerce")
        bad = ~np.isfinite(numbers) | (numbers < 0) | (numbers != np.floor(numbers))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise MespotError(
                f"{source}: row {line[row]}, {name}: found {table[name].iloc[row]!r}, "
                "expected a whole frame number >= 0"
            )
        table[name] = numbers.astype(np.int64)
    reversed_rows = np.flatnonzero(table["offset"].to_numpy() < table["onset"].to_numpy())
    if reversed_rows.size:
        row = int(reversed_rows[0])
        raise MespotError(
            f"{source}: row {line[row]}: offset {table['offset'].iloc[row]} lies before onset "
            f"{table['onset'].iloc[row]}"
        )
    unknown = ~table["type"].isin(TYPES)
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        raise MespotError(
            f"{source}: row {line[row]}, type: found {table['type'].iloc[row]!r}, expected me or "
            "mae"
        )
    return table


def iou_matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of inclusive frame intervals.

    Args:
        a: (n, 2) onsets and offsets.
        b: (m, 2) onsets and offsets.

    Returns:
        (n, m) IoU in [0, 1], ``inter = min(off) - max(on) + 1`` (MEGC rule).
    """
    a = np.asarray(a, dtype=np.float64).reshape(-1, 2)
    b = np.asarray(b, dtype=np.float64).reshape(-1, 2)
    start = np.maximum(a[:, None, 0], b[None, :, 0])
    end = np.minimum(a[:, None, 1], b[None, :, 1])
    inter = np.maximum(end - start + 1.0, 0.0)
    union = (a[:, 1] - a[:, 0] + 1.0)[:, None] + (b[:, 1] - b[:, 0] + 1.0)[None, :] - inter
    return inter / union


def suppress(intervals: np.ndarray, scores: np.ndarray, max_iou: float) -> np.ndarray:
    """Greedy non-maximum suppression.

    Args:
        intervals: (n, 2) inclusive frames.
        scores: (n,) higher is better; ties keep the earlier row.
        max_iou: an interval goes when its IoU with a better kept one is above this.

    Returns:
        indices of the kept rows, best first.
    """
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    ranked = np.asarray(intervals, dtype=np.float64).reshape(-1, 2)[order]
    kept = suppress_spans(ranked, lambda one, others: iou_matrix(one, others)[0], max_iou)
    return order[kept].astype(np.int64)


def suppress_spans(spans: np.ndarray, share: Share, most: float) -> np.ndarray:
    """Keep spans one after the other, each unless it shares too much with one that is kept.

    Args:
        spans: (n, 2) start and end, the best first.
        share: how much a span has in common with others; 0 where they do not overlap.
        most: that two kept spans may share.

    Returns:
        rising indices of those that are kept.
    """
    if not len(spans):
        return np.empty(0, dtype=np.int64)
    order = np.argsort(spans[:, 0], kind="stable")
    sorted_spans = spans[order]
    longest = (spans[:, 1] - spans[:, 0]).max()
    first = np.searchsorted(sorted_spans[:, 0], spans[:, 0] - longest).tolist()
    last = np.searchsorted(sorted_spans[:, 0], spans[:, 1], side="right").tolist()
    free = np.ones(len(spans), dtype=bool)
    kept = []
    for index, span in enumerate(spans):
        if not free[index]:
            continue
        kept.append(index)
        near = slice(first[index], last[index])
        free[order[near][share(span, sorted_spans[near]) > most]] = False
    return np.array(kept)
