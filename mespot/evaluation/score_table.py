"""Reading CSV tables of intervals that anybody wrote.

Lenient where a reading is unmistakable (separator, case and prefix of column names, spellings of
types, whole frames written as 12.0, a byte order mark, blank lines), strict everywhere else.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from mespot.errors import MespotError

TypeColumn = Literal["needed", "read", "ignored"]
HEADER = "vid,onset,offset,type"
_COLUMNS = {
    "video": ("video", "vid"),
    "onset": ("onset", "pred_onset"),
    "offset": ("offset", "pred_offset"),
    "type": ("type", "pred_type"),
    "score": ("score",),
    "subject": ("subject",),
    "emotion": ("emotion",),
    "branch": ("branch",),
    "fps": ("fps",),
    "official_onset": ("official_onset",),
}
_CANONICAL = {alias: name for name, aliases in _COLUMNS.items() for alias in aliases}
_TYPES = {
    "me": "me",
    "micro": "me",
    "microexpression": "me",
    "mae": "mae",
    "macro": "mae",
    "macroexpression": "mae",
}
_SEPARATORS = ",;\t|"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FARTHEST = 1e9


def read_columns(path: str | os.PathLike[str], needed: Sequence[str]) -> pd.DataFrame:
    """Read a CSV as text, with canonical column names and the line of each row.

    Args:
        path: comma, semicolon, tab or bar separated UTF-8.
        needed: canonical names that have to be there: ``video``, ``onset``, ``offset``, ...

    Returns:
        the columns that mespot knows, text without blanks around, and ``line``, the number of the
        line in the file; a file with only a header gives none.

    Raises:
        MespotError: the file cannot be read, is no table, or lacks a column.
    """
    text = _read_text(path)
    head = next(line for line in text.split("\n") if line.strip())
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(head), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = [field.strip() for field in next(filter(_filled, reader))]
        while header and not header[-1]:
            header.pop()
        for row in reader:
            row = [field.strip() for field in row]
            while len(row) > len(header) and not row[-1]:
                row.pop()
            if not _filled(row):
                continue
            if len(row) != len(header):
                raise MespotError(
                    f"{path}: row {reader.line_num}: found {len(row)} fields, expected "
                    f"{len(header)} as in the header {','.join(header)}"
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise MespotError(f"{path}: row {reader.line_num}: not a CSV table ({error})") from error
    positions = _positions(path, header, needed)
    table = {name: [row[at] for row in rows] for name, at in positions.items()}
    return pd.DataFrame({**table, "line": lines}, dtype=object)


def read_rows(
    path: str | os.PathLike[str],
    truth: bool = False,
    types: TypeColumn = "needed",
    missing_offset: bool = False,
) -> pd.DataFrame:
    """Read a CSV of intervals: ``vid`` (or ``video``), ``onset``, ``offset``, ``type`` and more.

    Args:
        path: see ``read_columns``.
        truth: events, whose frames cannot be negative; a prediction may begin before the video.
        types: whether the type has to be there, is read where it is, or is not looked at.
        missing_offset: keep an event with offset 0 after its onset, as one without an offset
            (``offset = onset - 1``).

    Returns:
        ``video``, ``onset``, ``offset`` (inclusive frames as the file counts them), ``line``, and
        where the file has them ``type`` (``me`` or ``mae``), ``score``, ``subject``, ``emotion``,
        ``branch``.

    Raises:
        MespotError: naming file, row, what was found and what is expected.
    """
    needed = ("video", "onset", "offset", *(("type",) if types == "needed" else ()))
    table = read_columns(path, needed)
    require_names(path, table)
    for name in ("onset", "offset"):
        table[name] = _frames(path, table, name, truth)
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
        table["type"] = _types(path, table)
    if "score" in table:
        table["score"] = numbers(path, table, "score")
    return table


def require_names(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Refuse a row without a video.

    Raises:
        MespotError: naming file and row.
    """
    empty = np.flatnonzero((table["video"] == "").to_numpy())
    if empty.size:
        raise MespotError(
            f"{path}: row {table['line'].iloc[empty[0]]}, vid: found nothing, expected a video name"
        )


def numbers(path: str | os.PathLike[str], table: pd.DataFrame, column: str) -> np.ndarray:
    """Turn a column of text into finite numbers.

    Raises:
        MespotError: naming file, row and what was found.
    """
    values = np.empty(len(table))
    for position, text in enumerate(table[column].tolist()):
        value = float(text) if _NUMBER.fullmatch(text) else np.nan
        if not np.isfinite(value):
            raise _bad_cell(path, table, position, column, "a number")
        values[position] = value
    return values


def _read_text(path: str | os.PathLike[str]) -> str:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror or error})") from error
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise MespotError(f"{path}: found a workbook, expected a CSV file (save it as CSV UTF-8)")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MespotError(
            f"{path}: not a CSV table in UTF-8 ({error.reason} at byte {error.start})"
        ) from error
    if not text.strip():
        raise MespotError(f"{path}: is empty, expected a header {HEADER}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _filled(row: Sequence[str]) -> bool:
    return any(field.strip() for field in row)


def _separator(head: str) -> str:
    return max(_SEPARATORS, key=head.count)  # the first one, the comma, where none occurs


def _positions(
    path: str | os.PathLike[str], header: list[str], needed: Sequence[str]
) -> dict[str, int]:
    positions: dict[str, int] = {}
    for position, written in enumerate(header):
        name = _CANONICAL.get(written.lower())
        if name is None:
            continue
        if name in positions:
            raise MespotError(
                f"{path}: columns {header[positions[name]]!r} and {written!r} both mean the same, "
                "expected one"
            )
        positions[name] = position
    for name in needed:
        if name not in positions:
            names = " or ".join(repr(alias) for alias in reversed(_COLUMNS[name]))
            raise MespotError(
                f"{path}: column {names} is missing, found {', '.join(header) or 'no header'}"
            )
    return positions


def _frames(
    path: str | os.PathLike[str], table: pd.DataFrame, column: str, truth: bool
) -> np.ndarray:
    wanted = "a whole frame number" + (" >= 0" if truth else "")
    values = np.empty(len(table), dtype=np.int64)
    for position, text in enumerate(table[column].tolist()):
        value = float(text) if _NUMBER.fullmatch(text) else np.nan
        if not (abs(value) < _FARTHEST and value.is_integer() and (value >= 0 or not truth)):
            raise _bad_cell(path, table, position, column, wanted)
        values[position] = int(value)
    return values


def _types(path: str | os.PathLike[str], table: pd.DataFrame) -> list[str]:
    written = table["type"].tolist()
    meaning = {text: _TYPES.get(re.sub(r"[^a-z]", "", text.lower())) for text in set(written)}
    types = [meaning[text] for text in written]
    if None in types:
        raise _bad_cell(path, table, types.index(None), "type", "me or mae")
    return types


def _bad_cell(
    path: str | os.PathLike[str], table: pd.DataFrame, position: int, column: str, wanted: str
) -> MespotError:
    row = table.iloc[position]
    return MespotError(
        f"{path}: row {row['line']}, {column}: found {row[column]!r}, expected {wanted}"
    )
