"""Reading official sheets: columns by name or by place, messages with file and row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.tables.row import Row
from mespot.tables.workbooks import Workbook

_HEADER_ROWS = 40  # official preambles are up to 13 rows long


def read_rows(path: Path, sheet: str | None, columns: Sequence[str]) -> list[Row]:
    """Read the rows below the header of a sheet.

    The header is the first row that holds all ``columns`` (case and outer spaces do not matter),
    so that preambles are skipped. Rows in which all ``columns`` are empty are left out.

    Args:
        path: workbook.
        sheet: title. Where no sheet has it, or with ``None``, it is the first sheet with all
            ``columns``, since mirrors rename sheets.
        columns: the columns to read.

    Raises:
        MespotError: no such file, no workbook, no such sheet, a column missing.
    """
    book = Workbook(path)
    named = [title for title in book.titles if sheet and title.strip().lower() == sheet.lower()]
    best: dict[str, int] = {}
    for title in named or book.titles:
        cells = book.cells(title)
        header, places = _header(cells, columns)
        if header is not None:
            return _rows(path.name, cells[header + 1 :], header + 2, places)
        best = max(best, places, key=len)
    if sheet and not named and not best:
        raise MespotError(f"{path}: sheet {sheet!r} is missing, found {', '.join(book.titles)}")
    missing = next(column for column in columns if column not in best)
    shown = f"found {', '.join(best)}" if best else "found no header row"
    raise MespotError(f"{path}: column {missing!r} is missing, {shown}")


def read_headerless(book: Workbook, sheet: str, columns: Sequence[str]) -> list[Row]:
    """Read a sheet without header; ``columns`` names its cells from the left.

    Raises:
        MespotError: when the workbook has no sheet of that title (case does not matter).
    """
    titles = [title for title in book.titles if title.strip().lower() == sheet.lower()]
    if not titles:
        raise MespotError(
            f"{book.path}: sheet {sheet!r} is missing, found {', '.join(book.titles)}"
        )
    places = {name: place for place, name in enumerate(columns)}
    return _rows(book.path.name, book.cells(titles[0]), 1, places)


def _rows(source: str, cells: list[tuple], first: int, places: dict[str, int]) -> list[Row]:
    rows = []
    for number, values in enumerate(cells, start=first):
        row = {
            name: values[place] if place < len(values) else None for name, place in places.items()
        }
        if any(value is not None and str(value).strip() for value in row.values()):
            rows.append(Row(source, number, row))
    return rows


def _header(cells: list[tuple], columns: Sequence[str]) -> tuple[int | None, dict[str, int]]:
    """Return the place of the header row and of each column in it; ``None`` and the best try."""
    best: dict[str, int] = {}
    wanted = {column.lower(): column for column in columns}
    for place, values in enumerate(cells[:_HEADER_ROWS]):
        names = [str(value).strip().lower() if value is not None else "" for value in values]
        found = {wanted[name]: names.index(name) for name in names if name in wanted}
        if len(found) == len(wanted):
            return place, found
        best = max(best, found, key=len)
    return None, best
