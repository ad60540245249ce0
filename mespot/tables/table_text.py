"""Text tables as editors, spreadsheet and annotation programs save them: bytes to cells of text.

Understood are UTF-8 and UTF-16 with or without byte order mark (UTF-16 only with it), Windows-1252
(Latin-1) with a warning, line ends of any system, blank lines, quoted cells, comma, semicolon, tab
or bar between the cells, and the line ``sep=;`` that Excel reads and writes. Cells stay text.
"""

from __future__ import annotations

import csv
import io
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from mespot.core.errors import MespotError

log = logging.getLogger(__name__)
DELIMITERS = ",;\t|"
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SEP = re.compile(r"sep=([,;\t|])[ ,;\t|]*")

Record = tuple[int, list[str]]
"""Line of the file on which a record begins, from 1, and its cells."""


class NoText(MespotError):
    """The file is no table of text; the message does not name the file."""


def decode(content: bytes) -> tuple[str, str]:
    """Turn the bytes of a file into text without byte order mark.

    Args:
        content: all bytes of the file.

    Returns:
        the text, and its encoding as Python names it: ``utf-8``, ``utf-8-sig`` (with byte order
        mark), ``utf-16`` or ``cp1252``.

    Raises:
        NoText: a workbook, another binary file, or damaged text.
    """
    if content.startswith(_WORKBOOKS):
        raise NoText("found a workbook (a binary file), expected a table saved as CSV UTF-8")
    marked = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text.removeprefix("\ufeff"), encoding
    raise NoText(
        "found a binary file, or text that is not in UTF-8, UTF-16 or Latin-1, expected a table "
        "saved as CSV UTF-8"
    )


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a file.

    Raises:
        MespotError: it cannot be opened.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_text(path: str | os.PathLike[str]) -> str:
    """Read the text of a table; Latin-1 is read with a warning.

    Raises:
        MespotError: the file cannot be opened or is no text.
    """
    try:
        text, encoding = decode(read_bytes(path))
    except NoText as error:
        raise MespotError(f"{path}: {error}") from error
    if encoding == "cp1252":
        log.warning("%s: found no UTF-8, read as Latin-1: letters with accents may be wrong", path)
    return text


def records(text: str, delimiter: str, skip_spaces: bool = True) -> Iterator[Record]:
    """Split text into records, blank lines included as records without cells.

    Args:
        text: see ``decode``.
        delimiter: between cells.
        skip_spaces: drop blanks that follow a delimiter, so that ``a, "b"`` is quoted.

    Raises:
        NoText: a quote that does not end, or text behind one; the message names the row.
    """
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=skip_spaces, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise NoText(f"row {line}: not a readable CSV table ({error})") from error


def split_head(text: str) -> tuple[str, bool]:
    """Find the delimiter by the first line that is not blank.

    Returns:
        the delimiter, and whether that line only names it (``sep=;``).
    """
    head = next((line for line in re.split(r"[\r\n]+", text) if line.strip()), "")
    named = _SEP.fullmatch(head.strip(" "))
    if named:
        return named[1], True
    bare = re.sub(r'"[^"]*"', "", head)
    return max(DELIMITERS, key=bare.count), False  # the comma where none occurs
