"""The format of a submission file: its headers and how its text is read.

MEGC asks for two files, ``cas_pred.csv`` and ``samm_pred.csv``, with one predicted interval per
row: video, onset and offset (whole frames of the original rate, official numbers, both inclusive)
and type (``me`` or ``mae``). The header changed with the 2023 edition (pages of MEGC 2022 to 2025).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.tables.table_text import NoText, decode, read_bytes, records

HEADERS = {
    2022: ("vid", "pred_onset", "pred_offset", "type"),
    2023: ("vid", "onset", "offset", "type"),
}
_EXPECTED = " or ".join(",".join(header) for header in reversed(HEADERS.values()))
_WHOLE = re.compile(r"-?[0-9]+")
_LARGEST = 100_000_000  # six days at 200 fps: a larger number is no frame
_MOST_BYTES = 64_000_000  # a million rows take a third of that
_OTHER = {"utf-16": "UTF-16", "cp1252": "Latin-1"}
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a submission file.

    Attributes:
        row: line of the file, the header being 1; ``None`` for the file as a whole.
        text: what was found and what is expected.
    """

    row: int | None
    text: str

    def __str__(self) -> str:
        """``row 3: ...``."""
        return self.text if self.row is None else f"row {self.row}: {self.text}"


@dataclass(frozen=True)
class Scan:
    """A submission file as far as it could be read.

    Attributes:
        header: 2022 or 2023; ``None`` where the header is wrong, and then there are no rows.
        rows: sound rows in the order of the file: ``row`` (line of the file), ``vid``, ``onset``,
            ``offset`` (int64), ``type``.
        faults: everything wrong, in the order of the file.
        marked: whether the file begins with a byte order mark.
    """

    header: int | None
    rows: pd.DataFrame
    faults: tuple[Fault, ...]
    marked: bool


def read_submission(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a submission file of either header.

    Returns:
        ``vid``, ``onset``, ``offset`` (int64, official numbers, inclusive), ``type``, in the order
        of the file; no rows where the file has only its header.

    Raises:
        MespotError: the first thing that is wrong, with file and row, and how many more there are.
    """
    scan = scan_submission(path)
    if scan.faults:
        more = f" (and {len(scan.faults) - 1} more faults)" if len(scan.faults) > 1 else ""
        raise MespotError(f"{path}: {scan.faults[0]}{more}")
    return scan.rows.drop(columns="row")


def scan_submission(path: str | os.PathLike[str]) -> Scan:
    """Read a submission file and collect all that is wrong with it instead of stopping.

    Line ends of Windows, quoted cells, blank lines and a byte order mark are read as any CSV
    reader does; everything else has to be as the challenge writes it.

    Raises:
        MespotError: the file cannot be opened.
    """
    content = _read_bytes(Path(path))
    try:
        text, encoding = decode(content)
    except NoText as error:
        return _unreadable(str(error))
    if encoding in _OTHER:
        return _unreadable(
            f"found {_OTHER[encoding]}, which is no UTF-8 text, expected a file in UTF-8"
        )
    marked = encoding == "utf-8-sig"
    if not text.strip():
        return _unreadable(f"the file is empty, expected the header {_EXPECTED}", marked)

    header: int | None = None
    rows: list[tuple[int, str, int, int, str]] = []
    faults: list[Fault] = []
    try:
        for line, cells in records(text, ",", skip_spaces=False):
            if not any(cell.strip() for cell in cells) and len(cells) <= 1:
                continue
            if header is None:
                header = _header(cells)
                if header is None:
                    faults.append(Fault(line, _header_fault(cells)))
                    break
                continue
            row = _row(cells, header)
            if isinstance(row, str):
                faults.append(Fault(line, row))
            else:
                rows.append((line, *row))
    except NoText as error:
        faults.append(Fault(None, str(error)))
    return Scan(header, _table(rows), tuple(faults), marked)


def _read_bytes(path: Path) -> bytes:
    if path.is_file() and path.stat().st_size > _MOST_BYTES:
        size = path.stat().st_size
        raise MespotError(f"{path}: found {size} bytes, expected a submission file")
    return read_bytes(path)


def _unreadable(text: str, marked: bool = False) -> Scan:
    return Scan(None, _table([]), (Fault(None, text),), marked)


def _table(rows: list[tuple[int, str, int, int, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["row", "vid", "onset", "offset", "type"])
    return table.astype({"row": "int64", "onset": "int64", "offset": "int64"})


def _header(cells: list[str]) -> int | None:
    return next((year for year, names in HEADERS.items() if tuple(cells) == names), None)


def _header_fault(cells: list[str]) -> str:
    found = f"header: found {','.join(cells)[:80]!r}"
    if len(cells) == 1:
        for sign, name in _DELIMITERS.items():
            if sign in cells[0]:
                return f"{found}, separated by {name}, expected commas"
    bare = [cell.strip().lower() for cell in cells]
    for names in HEADERS.values():
        if bare == list(names):
            return f"{found}, expected small letters without spaces: {','.join(names)}"
    for names in HEADERS.values():
        missing = [name for name in names if name not in bare]
        if len(missing) == 1 and len(bare) == len(names) - 1:
            return f"{found}, column {missing[0]!r} is missing, expected {','.join(names)}"
        if not missing and len(bare) > len(names):
            surplus = [name for name in bare if name not in names]
            return f"{found}, surplus {', '.join(surplus) or 'columns'}, expected {','.join(names)}"
        if not missing:
            return f"{found}, expected the order {','.join(names)}"
    if len(cells) == 4 and bare[3] in TYPES:
        return f"{found}, the header itself is missing, expected {_EXPECTED}"
    return f"{found}, expected {_EXPECTED}"


def _row(cells: list[str], header: int) -> tuple[str, int, int, str] | str:
    """Return the values of a row, or what is wrong with it."""
    names = HEADERS[header]
    if len(cells) != len(names):
        return f"found {len(cells)} cells, expected {len(names)}: {','.join(names)}"
    vid, onset, offset, kind = cells
    if not vid or vid != vid.strip():
        return f"vid: found {vid!r}, expected the name of a video"
    frames = []
    for name, cell in zip(names[1:3], (onset, offset), strict=True):
        if not _WHOLE.fullmatch(cell):
            return f"{name}: found {cell!r}, expected a whole frame number, digits alone"
        if not 0 <= int(cell) <= _LARGEST:
            return f"{name}: found {cell}, expected a frame number from 0 to {_LARGEST}"
        frames.append(int(cell))
    if frames[1] < frames[0]:
        return f"found {names[1]} {frames[0]} and {names[2]} {frames[1]}, expected onset <= offset"
    if kind not in TYPES:
        return f"type: found {kind!r}, expected {' or '.join(TYPES)}, in small letters"
    return vid, frames[0], frames[1], kind
