"""Reading the index tables with proper types: subject "006" stays text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mespot.data.columns import EVENT_COLUMNS, VIDEO_COLUMNS
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


def _typed(table: pd.DataFrame, kinds: dict[str, object], path: str | Path) -> pd.DataFrame:
    for name, kind in kinds.items():
        try:
            table[name] = table[name].astype(kind)
        except (TypeError, ValueError) as error:
            raise MespotError(
                f"{path}: column {name!r} must hold numbers ({error}); index it anew"
            ) from error
    return table
