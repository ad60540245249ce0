"""Reading official workbooks: columns by name, messages with file and row."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

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
    so that preambles of any length are skipped. Rows whose first column is empty are left out.

    Args:
        path: ``.xlsx`` file.
        sheet: title; ``None`` or a single-sheet workbook takes the first sheet.
        columns: the columns to read; the first one decides whether a row counts.

    Raises:
        MespotError: no such file, no workbook, no such sheet, a column missing.
    """
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise MespotError(f"{path}: found no readable workbook, expected .xlsx ({error})") from error
    try:
        if sheet is not None and sheet not in book.sheetnames and len(book.sheetnames) > 1:
            raise MespotError(
                f"{path}: sheet {sheet!r} is missing, found {', '.join(book.sheetnames)}"
            )
        page = book[sheet] if sheet in book.sheetnames else book.worksheets[0]
        return _rows_below_header(path, page, columns)
    finally:
        book.close()


def _rows_below_header(path: Path, page: object, columns: Sequence[str]) -> list[Row]:
    places: dict[str, int] | None = None
    best: list[str] = []
    rows: list[Row] = []
    for number, values in enumerate(page.iter_rows(values_only=True), start=1):
        if places is None:
            names = [str(value).strip().lower() for value in values if value is not None]
            known = {
                str(value).strip().lower(): place
                for place, value in reversed(list(enumerate(values)))
                if value is not None
            }
            if all(column.lower() in known for column in columns):
                places = {column: known[column.lower()] for column in columns}
            elif sum(column.lower() in known for column in columns) > sum(
                column.lower() in best for column in columns
            ):
                best = names
            if places is None and number >= _HEADER_ROWS:
                break
            continue
        cells = {
            name: values[place] if place < len(values) else None for name, place in places.items()
        }
        if cells[columns[0]] is not None and str(cells[columns[0]]).strip():
            rows.append(Row(path.name, number, cells))
    if places is None:
        missing = next(column for column in columns if column.lower() not in best)
        found = f"found {', '.join(best)}" if best else "found no header row"
        raise MespotError(f"{path}: column {missing!r} is missing, {found}")
    return rows
