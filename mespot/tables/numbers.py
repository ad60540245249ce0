"""Official frame numbers and 0-based indices of decoded frames, both ways.

A video's official numbers begin anywhere and may have gaps (dropped frames); its index counts the
frames that exist. ``first`` and ``gaps`` (``a-b;c``, inclusive) are all that the tables keep.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from mespot.core.errors import MespotError

_GAP = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class Numbering:
    """The official numbers of one video.

    Attributes:
        first: number of the first frame.
        gaps: (a, b) first and last number of each run that is missing, ascending.
    """

    first: int
    gaps: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, numbers: np.ndarray) -> Numbering:
        """Describe ascending, distinct official numbers (n,), n >= 1."""
        numbers = np.asarray(numbers, dtype=np.int64)
        breaks = np.flatnonzero(np.diff(numbers) > 1)
        gaps = tuple((int(numbers[i]) + 1, int(numbers[i + 1]) - 1) for i in breaks)
        return cls(int(numbers[0]), gaps)

    @classmethod
    def parse(cls, first: int, gaps: str) -> Numbering:
        """Read the columns ``first`` and ``gaps`` of videos.csv.

        Raises:
            MespotError: when ``gaps`` is not ``a-b;c`` in ascending order after ``first``.
        """
        runs: list[tuple[int, int]] = []
        last = int(first)
        for part in gaps.split(";") if gaps else ():
            match = _GAP.fullmatch(part)
            run = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
            if run[1] < run[0] or run[0] <= last:
                raise MespotError(
                    f"gaps: found {gaps!r}, expected ascending runs such as 12-14;20 "
                    f"after the first number {first}"
                )
            runs.append(run)
            last = run[1]
        return cls(int(first), tuple(runs))

    @property
    def text(self) -> str:
        """The gaps as videos.csv writes them."""
        return ";".join(str(a) if a == b else f"{a}-{b}" for a, b in self.gaps)

    def to_number(self, index: np.ndarray | int) -> np.ndarray:
        """Map 0-based indices to official numbers, int64 of the same shape."""
        index = np.asarray(index, dtype=np.int64)
        starts, lengths = self._runs()
        # index of the first frame after each gap
        after = starts - self.first - (np.cumsum(lengths) - lengths)
        passed = np.searchsorted(after, index, side="right")
        skipped = np.concatenate([[0], np.cumsum(lengths)])[passed]
        return index + self.first + skipped

    def to_index(self, number: np.ndarray | int, missing: str = "next") -> np.ndarray:
        """Map official numbers to 0-based indices.

        Args:
            number: of any shape, at least ``first``; what lies after the last frame counts on.
            missing: a number inside a gap takes the ``next`` or the ``previous`` frame.

        Returns:
            int64 of the same shape.
        """
        number = np.asarray(number, dtype=np.int64)
        starts, lengths = self._runs()
        passed = np.searchsorted(starts, number, side="right")
        skipped = np.concatenate([[0], np.cumsum(lengths)])[passed]
        index = number - self.first - skipped
        # inside of a gap, ``skipped`` counts the whole gap although only a part lies behind
        last = np.concatenate([[self.first - 1], starts + lengths - 1])[passed]
        behind = np.maximum(last - number, -1)
        inside = (passed > 0) & (behind >= 0)
        index = np.where(inside, index + behind + 1, index)
        return index - (inside & (missing == "previous"))

    def exists(self, number: np.ndarray | int) -> np.ndarray:
        """Tell which official numbers lie neither before ``first`` nor in a gap."""
        number = np.asarray(number, dtype=np.int64)
        return (number >= self.first) & (self.to_number(self.to_index(number)) == number)

    def _runs(self) -> tuple[np.ndarray, np.ndarray]:
        runs = np.array(self.gaps, dtype=np.int64).reshape(-1, 2)
        return runs[:, 0], runs[:, 1] - runs[:, 0] + 1
