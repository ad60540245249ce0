"""Reading the tables of the pipeline with proper types: subject "006" stays text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.events import check_table
from mespot.tables.columns import EVENT_COLUMNS, VIDEO_COLUMNS
from mespot.tables.event_table import read_table

_TEXT = (
    "subject", "video", "path", "kind", "gaps", "fingerprint", "type", "source", "rule", "branch",
    "region", "action",
)  # fmt: skip


def read_videos(path: str | Path) -> pd.DataFrame:
    """Read videos.csv.

    Returns:
        Columns of ``VIDEO_COLUMNS``; text columns never hold missing values.

    Raises:
        MespotError: unreadable, or a column is missing.
    """
    table = _read(Path(path), VIDEO_COLUMNS)
    table["grey"] = table["grey"].astype(str).str.lower().eq("true")
    return _typed(table, {"fps": float, "frames": "int64", "first": "int64"}, path)


def read_events(path: str | Path) -> pd.DataFrame:
    """Read events.csv.

    Returns:
        Columns of ``EVENT_COLUMNS``; onset, apex and offset are int64, the official ones float64.

    Raises:
        MespotError: unreadable, a column is missing, or a row is faulty.
    """
    table = check_table(_read(Path(path), EVENT_COLUMNS), EVENT_COLUMNS, str(path))
    official = dict.fromkeys(("official_onset", "official_apex", "official_offset"), float)
    return _typed(table, {"apex": "int64", "row": "int64", **official}, path)


def read_interval_table(path: str | Path) -> pd.DataFrame:
    """Read an interval table of the pipeline with all of its columns.

    Returns:
        columns as in the file; text for ``video``, ``type``, ``branch`` and the like, whole or
        other numbers (NaN where empty) for the rest. Frames and types are not checked, see
        ``mespot.core.events.check_table``.

    Raises:
        MespotError: unreadable, no table, or no column ``video``.
    """
    table = read_table(path, ("video",))
    columns = {
        name: cells if name in _TEXT else _numeric(cells) for name, cells in table.cells.items()
    }
    return pd.DataFrame(columns).astype({name: str for name in columns if name in _TEXT})


def _numeric(cells: list[str]) -> pd.Series:
    """Whole numbers, other numbers, or text where a cell is neither."""
    for kind in ("int64", "float64"):
        try:
            return pd.Series([cell or "nan" for cell in cells], dtype=object).astype(kind)
        except (TypeError, ValueError):
            continue
    return pd.Series(cells, dtype=object)


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    table = read_table(path, columns, known=()).cells
    text = {name: str for name in columns if name in _TEXT}
    return pd.DataFrame({name: table[name] for name in columns}, dtype=object).astype(text)


def _typed(table: pd.DataFrame, kinds: dict[str, object], path: str | Path) -> pd.DataFrame:
    for name, kind in kinds.items():
        try:
            table[name] = pd.to_numeric(table[name]).astype(kind)
        except (TypeError, ValueError) as error:
            raise MespotError(
                f"{path}: column {name!r} must hold numbers ({error}); index it anew"
            ) from error
    return table
