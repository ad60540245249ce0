"""Tables of intervals for scoring, as anybody wrote them: whole frames, known types.

Lenient where a reading is unmistakable (spellings of types, whole frames written as 12.0, times
where the frame rate is known, and all that ``mespot.tables.event_table`` understands), strict
everywhere else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.tables.event_table import Table, read_table, type_of

TypeColumn = Literal["needed", "read", "ignored"]
Rates = float | Mapping[str, float] | None
"""Frames per second of all videos, or of each by name."""
_KNOWN = ("type", "score", "subject", "emotion", "branch", "official_onset")
_FARTHEST = 1e9


def read_rows(
    path: str | os.PathLike[str],
    truth: bool = False,
    types: TypeColumn = "needed",
    missing_offset: bool = False,
    fps: Rates = None,
) -> pd.DataFrame:
    """Read a table of intervals: ``vid`` (or ``video``), ``onset``, ``offset``, ``type`` and more.

    Args:
        path: see ``mespot.tables.event_table``.
        truth: events, whose frames cannot be negative; a prediction may begin before the video.
        types: whether the type has to be there, is read where it is, or is not looked at.
        missing_offset: keep an event with offset 0 after its onset, as one without an offset
            (``offset = onset - 1``).
        fps: frame rate, by which times in ``onset_s`` and ``offset_s`` become the nearest frames
            (counted from 0) where there are no frames.

    Returns:
        ``video``, ``onset``, ``offset`` (inclusive frames as the file counts them), ``line``, and
        where the file has them ``type`` (``me`` or ``mae``), ``score``, ``subject``, ``emotion``,
        ``branch``.

    Raises:
        MespotError: naming file, row, what was found and what is expected.
    """
    kind = ("type",) if types == "needed" else ()
    ends = (("onset", "offset"), ("onset_s", "offset_s"))
    rows = read_table(path, *(("video", *pair, *kind) for pair in ends), known=_KNOWN)
    require_names(rows)
    seconds = not {"onset", "offset"} <= set(rows.cells)
    table = rows.frame()
    for name, time in zip(*ends, strict=True):
        table[name] = _nearest(rows, time, fps, truth) if seconds else _frames(rows, name, truth)
    table = table.drop(columns=list(ends[1]), errors="ignore")
    if missing_offset:
        missing = ((table["offset"] == 0) & (table["onset"] > 0)).to_numpy()
        table.loc[missing, "offset"] = table.loc[missing, "onset"] - 1
    wrong = table["offset"].to_numpy() < table["onset"].to_numpy() - missing_offset
    if wrong.any():
        row = table.iloc[int(np.flatnonzero(wrong)[0])]
        hint = " (0 stands for a missing offset? resolve it first)" if row["offset"] == 0 else ""
        raise MespotError(
            f"{path}: row {row['line']}: offset {row['offset']} lies before onset {row['onset']}, "
            f"expected onset <= offset{hint}"
        )
    if types == "ignored":
        table = table.drop(columns="type", errors="ignore")
    if "type" in table:
        table["type"] = _types(rows)
    if "score" in table:
        table["score"] = numbers(rows, "score")
    return table


def require_names(table: Table) -> None:
    """Refuse a row without a video.

    Raises:
        MespotError: naming file and row.
    """
    if "" in table.cells["video"]:
        line = table.lines[table.cells["video"].index("")]
        raise MespotError(
            f"{table.path}: row {line}, {table.written['video']}: found nothing, expected a video "
            "name"
        )


def numbers(table: Table, column: str, expected: str = "a number") -> np.ndarray:
    """Turn a column into finite numbers (n,).

    Raises:
        MespotError: naming file, row and what was found.
    """
    values = np.empty(len(table))
    for row in range(len(table)):
        value = table.number(row, column)
        if value is None or not np.isfinite(value):
            raise table.fault(row, column, expected)
        values[row] = value
    return values


def _frames(table: Table, column: str, truth: bool) -> np.ndarray:
    wanted = "a whole frame number" + (" >= 0" if truth else "")
    values = numbers(table, column, wanted)
    good = (np.abs(values) < _FARTHEST) & (values == np.floor(values)) & ((values >= 0) | ~truth)
    if not good.all():
        raise table.fault(int(np.argmin(good)), column, wanted)
    return values.astype(np.int64)


def _nearest(table: Table, column: str, fps: Rates, truth: bool) -> np.ndarray:
    """Frames nearest to the times of a column."""
    if fps is None:
        raise MespotError(
            f"{table.path}: column {table.written[column]!r} holds seconds, expected frames in "
            "onset and offset, or the frame rate (--fps, or column fps of --videos)"
        )
    wanted = "a time in seconds" + (" >= 0" if truth else "") + ", or hh:mm:ss.mmm"
    values = numbers(table, column, wanted)
    rates = np.empty(len(table))
    for row, video in enumerate(table.cells["video"]):
        rate = fps.get(video) if isinstance(fps, Mapping) else fps
        if rate is None:
            raise table.fault(row, "video", "a video whose frame rate is known")
        rates[row] = rate
        if not abs(values[row] * rate) < _FARTHEST or (truth and values[row] < 0):
            raise table.fault(row, column, wanted)
    return np.floor(values * rates + 0.5).astype(np.int64)


def _types(table: Table) -> list[str]:
    types = [type_of(text) for text in table.cells["type"]]
    if None in types:
        raise table.fault(types.index(None), "type", "me or mae")
    return types
