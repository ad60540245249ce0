"""One row of a table or sheet, with messages that name file, row and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mespot.core.errors import MespotError

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


@dataclass(frozen=True)
class Row:
    """One row of a sheet.

    Attributes:
        source: file name, for messages.
        number: as a spreadsheet program shows it, from 1.
        cells: column name -> value; ``None`` where empty.
        written: column name -> what the file calls it, where that is another name.
    """

    source: str
    number: int
    cells: dict[str, object]
    written: Mapping[str, str] = field(default_factory=dict)

    def fault(self, column: str, expected: str) -> MespotError:
        """Return the error that says what is wrong with a cell."""
        found = self.cells[column]
        shown = "an empty cell" if found is None else repr(found)
        return MespotError(
            f"{self.source}: row {self.number}, {self.written.get(column, column)}: found {shown}, "
            f"expected {expected}"
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
            MespotError: when the cell holds text, a date or a number that no camera counts to.
        """
        value = self.cells[column]
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fault(column, "a frame number")
        if not abs(value) < 1e12:
            raise self.fault(column, "a frame number")
        return float(value)
