"""Reading the index tables with proper types: subject "006" stays text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mespot.data.index import EVENT_COLUMNS, VIDEO_COLUMNS
from mespot.errors import MespotError
from mespot.events import check_table

_TEXT = ("subject", "video", "path", "kind", "gaps", "fingerprint", "type", "source", "rule")


def read_videos(path: str | Path) -> pd.DataFrame:
    """Read videos.csv.

    Returns:
        Columns of ``VIDEO_COLUMNS``; text columns never hold missing values.

    Raises:
        MespotError: unreadable, or a column is missing.
    """
    table = _read(Path(path), VIDEO_COLUMNS)
    table["grey"] = table["grey"].astype(str).str.lower().eq("true")
    for name, kind in (("fps", float), ("frames", "int64"), ("first", "int64")):
        table[name] = table[name].astype(kind)
    return table


def read_events(path: str | Path) -> pd.DataFrame:
    """Read events.csv.

    Returns:
        Columns of ``EVENT_COLUMNS``; onset, apex and offset are int64, the official ones float64.

    Raises:
        MespotError: unreadable, a column is missing, or a row is faulty.
    """
    table = check_table(_read(Path(path), EVENT_COLUMNS), EVENT_COLUMNS, str(path))
    for name in ("apex", "row"):
        table[name] = table[name].astype("int64")
    for name in ("official_onset", "official_apex", "official_offset"):
        table[name] = table[name].astype(float)
    return table


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    text = {name: str for name in columns if name in _TEXT}
    try:
        table = pd.read_csv(path, dtype=text, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise MespotError(f"{path}: cannot be read as a table ({error})") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        found = ", ".join(table.columns)
        raise MespotError(f"{path}: column {missing[0]!r} is missing, found {found}")
    return table[list(columns)]
