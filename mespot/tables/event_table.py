"""The one reader of event and interval tables that anybody wrote: columns, numbers and times.

Columns go by any of the names in ``COLUMNS``, in any case and order. Names of videos and persons
stay text: ``007``, ``NA``, ``1e5``. What a table cannot say unmistakably is refused in one line
with file, row, column, what was found and what is expected.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from mespot.core.errors import MespotError
from mespot.tables.row import Row
from mespot.tables.table_text import NoText, read_text, records, split_head

COLUMNS = {
    "video": ("vid", "video"),
    "onset": ("onset", "pred_onset"),
    "offset": ("offset", "pred_offset"),
    "apex": ("apex", "pred_apex"),
    "type": ("type", "pred_type"),
}
"""Canonical name of a column to the names that tables give it; others are their own name."""
TYPES = {
    "me": "me",
    "micro": "me",
    "microexpression": "me",
    "microexpressions": "me",
    "mae": "mae",
    "macro": "mae",
    "macroexpression": "mae",
    "macroexpressions": "mae",
}
FRAMES = ("onset", "offset", "apex", "start_f", "end_f")
SECONDS = ("onset_s", "offset_s", "apex_s", "start", "end")
_RATES = ("score", "fps")  # numbers below a thousand, whose comma separates decimals
_CANONICAL = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
_POINT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_CLOCK = re.compile(r"(?:([0-9]+):)?([0-9]+):([0-9]{1,2}(?:[.,][0-9]+)?)")


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes:
        path: the file.
        header: names of all columns as the file writes them.
        written: canonical name -> name in the file, of the columns that were asked for.
        cells: canonical name -> a cell of each row, without blanks around.
        lines: line of each row in the file, from 1.
        delimiter: between the cells.
    """

    path: Path
    header: tuple[str, ...]
    written: dict[str, str]
    cells: dict[str, list[str]]
    lines: list[int]
    delimiter: str

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def decimal_comma(self) -> bool:
        """Whether some number has a comma that cannot separate thousands."""
        return any(
            _COMMA.fullmatch(cell) and (name in _RATES or not _THOUSANDS.fullmatch(cell))
            for name in (*FRAMES, *SECONDS, *_RATES)
            for cell in self.cells.get(name, ())
        )

    def fault(self, row: int, column: str, expected: str) -> MespotError:
        """Return the error that says what is wrong with a cell."""
        return MespotError(
            f"{self.path}: row {self.lines[row]}, {self.written[column]}: found "
            f"{self.cells[column][row]!r}, expected {expected}"
        )

    def number(self, row: int, column: str) -> float | None:
        """Read a cell as a number, or as a time in s where the column holds seconds.

        Args:
            row: from 0.
            column: canonical name.

        Returns:
            the number; NaN for an empty cell; ``None`` for what is no number.

        Raises:
            MespotError: a comma or a point that may separate thousands or decimals.
        """
        text = self.cells[column][row]
        if not text:
            return float("nan")
        if column in SECONDS and ":" in text:
            return clock_seconds(text)
        if _THOUSANDS.fullmatch(text) and self._unclear(text, column):
            raise self.fault(
                row,
                column,
                f"a number that is unmistakable: write {re.sub('[.,]', '', text)} or "
                f"{text.replace(',', '.')}{'0' if '.' in text else ''}",
            )
        if _POINT.fullmatch(text):
            return float(text)
        return float(text.replace(",", ".")) if _COMMA.fullmatch(text) else None

    def _unclear(self, text: str, column: str) -> bool:
        if column in _RATES:
            return False
        if "," in text:
            return not self.decimal_comma
        # a point between commas is one, as in a file in which no comma separates decimals
        return self.decimal_comma or (column in FRAMES and self.delimiter != ",")

    def frame(self) -> pd.DataFrame:
        """Return the cells as columns of text, and ``line``."""
        return pd.DataFrame({**self.cells, "line": self.lines}, dtype=object)

    def rows(self, columns: Sequence[str]) -> list[Row]:
        """Return the rows with a cell for each of ``columns``, ``None`` where it is empty.

        Numbers and times are written with a decimal point and in seconds.
        """
        rows = []
        numeric = {*FRAMES, *SECONDS, *_RATES}
        for place, line in enumerate(self.lines):
            cells: dict[str, object] = dict.fromkeys(columns)
            for name in self.cells.keys() & cells.keys():
                text = self.cells[name][place]
                cells[name] = text or None
                if name in numeric and text and not _POINT.fullmatch(text):
                    value = self.number(place, name)
                    cells[name] = text if value is None else repr(value)
                elif name in numeric:
                    self.number(place, name)
            rows.append(Row(self.path.name, line, cells, self.written))
        return rows


def read_table(
    path: str | os.PathLike[str], *choices: Sequence[str], known: Sequence[str] | None = None
) -> Table:
    """Read a table that has all columns of one of the ``choices``.

    Args:
        path: text file, see ``mespot.tables.table_text``.
        choices: canonical names; a table without all of one choice is refused.
        known: canonical names of further columns to read; ``None``: all that the file has.

    Raises:
        MespotError: unreadable, no table, a column missing or there twice, a row that is longer
            than the header, or so short that a column of the choice is missing.
    """
    path = Path(path)
    text = read_text(path)
    shown = " or ".join(",".join(COLUMNS.get(name, (name,))[0] for name in c) for c in choices)
    if not text.strip():
        raise MespotError(f"{path}: is empty, expected a header {shown}")
    delimiter, named = split_head(text)
    lines: list[int] = []
    header: list[str] = []
    rows: list[list[str]] = []
    wanted: dict[str, int] = {}
    least = 0
    try:
        for line, record in records(text, delimiter):
            cells = [cell.strip() for cell in record]
            if not any(cells):
                continue
            if named:
                named = False
                continue
            while len(cells) > max(len(header), 1) and not cells[-1]:
                cells.pop()
            if not header:
                header = cells
                positions = _positions(path, line, header, known, choices)
                needed = _require(path, header, positions, choices, shown)
                wanted, least = positions, 1 + max(positions[name] for name in needed)
                continue
            if not least <= len(cells) <= len(header):
                raise MespotError(
                    f"{path}: row {line}: found {len(cells)} fields, expected {len(header)} as in "
                    f"the header {','.join(header)}"
                )
            rows.append(cells + [""] * (len(header) - len(cells)))
            lines.append(line)
    except NoText as error:
        raise MespotError(f"{path}: {error}") from error
    if not header:
        raise MespotError(f"{path}: is empty, expected a header {shown}")
    return Table(
        path,
        tuple(header),
        {name: header[place] for name, place in wanted.items()},
        {name: [row[place] for row in rows] for name, place in wanted.items()},
        lines,
        delimiter,
    )


def clock_seconds(text: str) -> float | None:
    """Read ``hh:mm:ss.mmm`` or ``mm:ss.mmm``, with point or comma before the milliseconds.

    Returns:
        s; ``None`` for anything else, such as a timecode that ends with a frame.
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = match[1], int(match[2]), float(match[3].replace(",", "."))
    if seconds >= 60 or (hours is not None and minutes >= 60):
        return None
    return int(hours or 0) * 3600 + minutes * 60 + seconds


def type_of(text: str) -> str | None:
    """Return ``me`` or ``mae`` for any spelling of a type, ``None`` for anything else."""
    return TYPES.get(re.sub(r"[^a-z]", "", text.lower()))


def _positions(
    path: Path,
    line: int,
    header: list[str],
    known: Sequence[str] | None,
    choices: Sequence[Sequence[str]],
) -> dict[str, int]:
    wanted = None if known is None else {*known, *(name for choice in choices for name in choice)}
    positions: dict[str, int] = {}
    for position, written in enumerate(header):
        name = _CANONICAL.get(written.lower(), written.lower())
        if not name or (wanted is not None and name not in wanted):
            continue
        if name in positions:
            other = header[positions[name]]
            if other.lower() == written.lower():
                raise MespotError(
                    f"{path}: row {line}: found column {written} twice, expected it once"
                )
            raise MespotError(
                f"{path}: columns {other!r} and {written!r} both mean the same, expected one"
            )
        positions[name] = position
    return positions


def _require(
    path: Path,
    header: list[str],
    positions: dict[str, int],
    choices: Sequence[Sequence[str]],
    shown: str,
) -> Sequence[str]:
    """Return the choice that the header fulfils."""
    best = min(choices, key=lambda choice: sum(name not in positions for name in choice))
    for name in best:
        if name not in positions:
            names = " or ".join(repr(alias) for alias in COLUMNS.get(name, (name,)))
            raise MespotError(
                f"{path}: column {names} is missing, found {', '.join(header)}, expected {shown}"
            )
    return best
