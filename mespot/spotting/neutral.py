"""Where a face rests, as users say it: ``0.5-1.2`` seconds or ``12f-40f`` frames, or a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mespot.core.errors import MespotError
from mespot.tables.event_table import read_table
from mespot.tables.row import Row

_SPAN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*-\s*(\d+(?:\.\d*)?|\.\d+)\s*")
_FRAMES = re.compile(r"\s*(\d+)f\s*-\s*(\d+)f\s*")
_EXPECTED = "expected START-END in seconds, such as 0.5-1.2, or in frames, such as 12f-40f"
_SECONDS, _NUMBERS = ("start", "end"), ("start_f", "end_f")


@dataclass(frozen=True)
class NeutralSpan:
    """A stretch of a video in which the face rests.

    Attributes:
        start: s from the first frame, or the number of a frame as the input numbers them.
        end: the same, not before ``start``; a frame counts itself.
        frames: whether they are frames.
    """

    start: float
    end: float
    frames: bool = False

    def __str__(self) -> str:
        """Write it as users do."""
        if self.frames:
            return f"{self.start:.0f}f-{self.end:.0f}f"
        return f"{self.start:g}-{self.end:g}"

    def seconds(self, fps: float, numbers: np.ndarray) -> tuple[float, float]:
        """Return start and end in s from the first frame.

        Args:
            fps: frames per second.
            numbers: (frames,) the input's own frame numbers, ascending.

        Raises:
            MespotError: it does not lie inside of the video.
        """
        if self.frames:
            inside = numbers[0] <= self.start and self.end <= numbers[-1]
            length = f"frames {numbers[0]} to {numbers[-1]}"
        else:
            inside, length = self.end <= len(numbers) / fps, f"{len(numbers) / fps:.2f} s"
        if not inside:
            raise MespotError(f"neutral {self}: outside of the video of {length}")
        if not self.frames:
            return self.start, self.end
        first, last = np.searchsorted(numbers, [self.start, self.end])
        return float(first / fps), float(last / fps)


def parse_neutral(text: str) -> NeutralSpan:
    """Read what follows ``--neutral``.

    Raises:
        MespotError: another form, or the end before the start.
    """
    frames, seconds = _FRAMES.fullmatch(text), _SPAN.fullmatch(text)
    match = frames or seconds
    if match is None:
        raise MespotError(f"neutral {text!r}: {_EXPECTED}")
    return _span(f"neutral {text.strip()}", *match.groups(), frames is not None)


def read_neutral(path: str | Path) -> dict[str, NeutralSpan]:
    """Read a table of stretches by video.

    Args:
        path: table with ``vid`` (or ``video``) and ``start``, ``end`` (s) or ``start_f``,
            ``end_f`` (frames as the input numbers them); times may be written ``hh:mm:ss.mmm``.

    Raises:
        MespotError: naming the file and the row: a column that is missing, a cell that is no
            number, the end before the start, or a video twice.
    """
    path = Path(path)
    table = read_table(path, *(("video", *ends) for ends in (_SECONDS, _NUMBERS)))
    spans: dict[str, NeutralSpan] = {}
    for row in table.rows(("video", *_SECONDS, *_NUMBERS)):
        where = f"{path}: row {row.number}"
        video = row.cells["video"]
        if video is None:
            raise MespotError(f"{where}: found no video, expected its name in column vid")
        if video in spans:
            raise MespotError(f"{where}: found video {video} twice, expected it once")
        spans[video] = _row_span(where, row)
    return spans


def _row_span(where: str, row: Row) -> NeutralSpan:
    given = [ends for ends in (_SECONDS, _NUMBERS) if any(row.cells[name] for name in ends)]
    if len(given) != 1 or not all(row.cells[name] for name in given[0]):
        raise MespotError(f"{where}: expected start and end, or start_f and end_f")
    (ends,) = given
    start, end = (row.cells[name] for name in ends)
    form = r"\d+" if ends == _NUMBERS else r"\d+(\.\d*)?|\.\d+"
    for name, cell in zip(ends, (start, end), strict=True):
        if not re.fullmatch(form, cell):
            what = "the number of a frame" if ends == _NUMBERS else "seconds or hh:mm:ss.mmm"
            raise MespotError(f"{where}: {name}: found {cell!r}, expected {what}")
    return _span(where, start, end, ends == _NUMBERS)


def _span(where: str, start: str, end: str, frames: bool) -> NeutralSpan:
    span = NeutralSpan(float(start), float(end), frames)
    if span.end < span.start:
        raise MespotError(f"{where}: found the end before the start")
    return span
