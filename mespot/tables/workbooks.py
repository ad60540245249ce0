"""Opening workbooks of either Excel format, told apart by their bytes, not by their names.

Owners and mirrors rename workbooks freely: an ``.xls`` may hold the newer format, or a web page
that a spreadsheet program would open after a question. Nothing here trusts the suffix.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import xlrd
from openpyxl import load_workbook

from mespot.core.errors import MespotError

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BARE_BIFF = b"\x09"  # Excel 2 to 4 without a container
_EXPECTED = "expected an Excel workbook (.xlsx or .xls)"


class Workbook:
    """The cell values of a workbook.

    Attributes:
        path: the file.
        titles: of its sheets, in their order.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``.

        Raises:
            MespotError: missing, empty, text, a web page, or damaged.
        """
        self.path = path
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
        try:
            if content.startswith(_ZIP):
                self._sheets = _read_xlsx(content)
            elif content.startswith((_OLE, _BARE_BIFF)):
                self._sheets = _read_xls(content)
            else:
                raise MespotError(f"{path}: found {_kind(content)}, {_EXPECTED}")
        except MespotError:
            raise
        except Exception as error:  # a damaged workbook raises whatever its pieces happen to be
            line = " ".join(str(error).split()) or type(error).__name__
            raise MespotError(
                f"{path}: found no readable workbook, {_EXPECTED} ({line})"
            ) from error
        self.titles = list(self._sheets)

    def cells(self, title: str) -> list[tuple]:
        """Return the rows of a sheet; ``None`` for empty cells, text for error cells."""
        return self._sheets[title]


def _read_xlsx(content: bytes) -> dict[str, list[tuple]]:
    sheets = {}
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    with contextlib.closing(book):
        for page in book.worksheets:
            page.reset_dimensions()  # some programs store a wrong extent, which would hide cells
            sheets[page.title] = list(page.iter_rows(values_only=True))
    return sheets


def _read_xls(content: bytes) -> dict[str, list[tuple]]:
    book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())
    return {
        page.name: [tuple(_value(cell) for cell in page.row(row)) for row in range(page.nrows)]
        for page in book.sheets()
    }


def _value(cell: xlrd.sheet.Cell) -> object:
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#ERROR")
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        return f"a date ({cell.value:g})"  # the number of its day must not pass as a frame
    return cell.value


def _kind(content: bytes) -> str:
    """Say in words what a file is that is no workbook."""
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not content.strip():
        return "an empty file"
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta", b"<head")):
        return "a web page or XML text"
    if b"\x00" not in content[:4096]:
        return "a text file"
    return "a file of another kind"
