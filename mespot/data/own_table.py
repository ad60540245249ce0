"""Reading tables that people write themselves: CSV as editors and spreadsheet programs save it.

Comma, semicolon or tab between the fields, with or without byte order mark, decimal point or (not
between commas) decimal comma; names of columns in any case and order, further columns are ignored.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from mespot.data.sheets import Row
from mespot.errors import MespotError

_DELIMITERS = (",", ";", "\t")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def read_table(path: Path, columns: Sequence[str]) -> tuple[tuple[str, ...], list[Row]]:
    """Read the rows of a table, empty ones left out.

    Args:
        path: text file in UTF-8, or in UTF-16 with byte order mark.
        columns: lower-case names of those that are understood.

    Returns:
        the understood columns that are there, and the rows with a cell for each of ``columns``
        (``None`` where it is empty or the column is absent).

    Raises:
        MespotError: unreadable, no text, no header, a column twice, or more fields in a row than
            the header has.
    """
    text = _text(path)
    if not text.strip():
        raise MespotError(f"{path}: found an empty file, expected a header with {columns[0]}")
    delimiter = max(_DELIMITERS, key=text.lstrip().splitlines()[0].count)
    stream = io.StringIO(text, newline="")
    try:
        records = list(csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise MespotError(f"{path}: not a readable table ({error})") from error
    top = next(place for place, record in enumerate(records) if any(map(str.strip, record)))
    header = [name.strip().lower() for name in records[top]]
    present = tuple(name for name in columns if name in header)
    for name in present:
        if header.count(name) > 1:
            raise MespotError(f"{path}: row {top + 1}: found column {name} twice, expected it once")
    rows = []
    for number, record in enumerate(records[top + 1 :], start=top + 2):
        if not any(cell.strip() for cell in record):
            continue
        if any(cell.strip() for cell in record[len(header) :]):
            raise MespotError(
                f"{path}: row {number}: found {len(record)} fields, expected {len(header)} as in "
                "the header"
            )
        given = dict(zip(header, record, strict=False))
        cells = {name: _cell(given.get(name, ""), delimiter) for name in columns}
        rows.append(Row(path.name, number, cells))
    return present, rows


def require(path: Path, present: Sequence[str], *choices: Sequence[str]) -> None:
    """Check that a table has all columns of one of the ``choices``.

    Raises:
        MespotError: naming the first column that is missing.
    """
    best = min(choices, key=lambda choice: sum(name not in present for name in choice))
    missing = [name for name in best if name not in present]
    if missing:
        found = f"found {', '.join(present)}" if present else "found no column that is known"
        expected = " or ".join(",".join(choice) for choice in choices)
        raise MespotError(f"{path}: column {missing[0]!r} is missing, {found}, expected {expected}")


def _cell(text: str, delimiter: str) -> str | None:
    text = text.strip()
    if delimiter != "," and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return text or None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise MespotError(
            f"{path}: found bytes that are no UTF-8 text, expected a table saved as CSV UTF-8"
        ) from error
    if "\0" in text:
        raise MespotError(f"{path}: found a binary file, expected a table saved as CSV UTF-8")
    return text
