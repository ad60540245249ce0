"""Reading official workbooks: columns by name, messages with file and row."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import load_workbook

from mespot.errors import MespotError

_HEADER_ROWS = 40  # official preambles are up to 13 rows long


@dataclass(frozen=True)
class Row:
    """One row of a sheet.

    Attributes:
        source: file name, for messages.
        number: as a spreadsheet program shows it, from 1.
        cells: column name -> value; ``None`` where empty.
    """

    source: str
    number: int
    cells: dict[str, object]

    def fault(self, column: str, expected: str) -> MespotError:
        """Return the error that says what is wrong with a cell."""
        found = self.cells[column]
        shown = "an empty cell" if found is None else repr(found)
        return MespotError(
            f"{self.source}: row {self.number}, {column}: found {shown}, expected {expected}"
        )

    def text(self, column: str) -> str:
        """Return a cell as text without outer spaces; 6.0 reads as ``6``.

        Raises:
            MespotError: when the cell is empty.
        """
        value = self.cells[column]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None or not str(value).strip():
            raise self.fault(column, "text")
        return str(value).strip()

    def frame(self, column: str) -> float:
        """Return a cell that must hold a frame number (fractions allowed).

        Raises:
            MespotError: when it holds text or nothing.
        """
        number = self.optional_frame(column)
        if number is None:
            raise self.fault(column, "a frame number")
        return number

    def optional_frame(self, column: str) -> float | None:
        """Return a frame number, or ``None`` for an empty cell.

        Raises:
            MespotError: when the cell holds text.
        """
        value = self.cells[column]
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            number = float(value) if isinstance(value, (int, float, str)) else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or isinstance(value, bool):
            raise self.fault(column, "a frame number")
        return number


def read_rows(path: Path, sheet: str | None, columns: Sequence[str]) -> list[Row]:
    """Read the rows below the header of a workbook.

    The header is the first row that holds all ``columns`` (case and outer spaces do not matter),
    so that preambles are skipped. Rows in which all ``columns`` are empty are left out.

    Args:
        path: ``.xlsx`` file.
        sheet: title; ``None`` or a single-sheet workbook takes the first sheet.
        columns: the columns to read.

    Raises:
        MespotError: no such file, no workbook, no such sheet, a column missing.
    """
    cells = _cells(path, sheet)
    header, places = _header(path, cells, columns)
    rows = []
    for number, values in enumerate(cells[header + 1 :], start=header + 2):
        row = {
            name: values[place] if place < len(values) else None for name, place in places.items()
        }
        if any(value is not None and str(value).strip() for value in row.values()):
            rows.append(Row(path.name, number, row))
    return rows


def _cells(path: Path, sheet: str | None) -> list[tuple]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        with contextlib.closing(book):
            if sheet is None or (sheet not in book.sheetnames and len(book.sheetnames) == 1):
                page = book.worksheets[0]
            elif sheet not in book.sheetnames:
                raise MespotError(
                    f"{path}: sheet {sheet!r} is missing, found {', '.join(book.sheetnames)}"
                )
            else:
                page = book[sheet]
            page.reset_dimensions()  # some programs store a wrong extent, which would hide cells
            return list(page.iter_rows(values_only=True))
    except MespotError:
        raise
    except Exception as error:  # a damaged workbook raises whatever its pieces happen to be
        line = " ".join(str(error).split())
        raise MespotError(f"{path}: found no readable workbook, expected .xlsx ({line})") from error


def _header(path: Path, cells: list[tuple], columns: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Return the place of the header row, and of each column in it."""
    best: dict[str, int] = {}
    wanted = {column.lower(): column for column in columns}
    for place, values in enumerate(cells[:_HEADER_ROWS]):
        names = [str(value).strip().lower() if value is not None else "" for value in values]
        found = {wanted[name]: names.index(name) for name in names if name in wanted}
        if len(found) == len(wanted):
            return place, found
        best = max(best, found, key=len)
    missing = next(column for column in columns if column not in best)
    shown = f"found {', '.join(best)}" if best else "found no header row"
    raise MespotError(f"{path}: column {missing!r} is missing, {shown}")
