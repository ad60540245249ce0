"""What an adapter reports of a data set, in official numbers and still unrepaired."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class RawVideo:
    """One video as it lies on disk.

    Attributes:
        subject: official name of the person, always text.
        video: name that is unique within the data set.
        path: folder of frames or video file.
        kind: ``folder`` or ``file``.
        fps: frames per second.
        numbers: (n,) official numbers of the frames, ascending; ``None`` for a file that was not
            opened, because the set has too many of them to open each.
        grey: whether the frames have one channel; a file that was not opened counts as colour.
        sample: file names of the first, middle and last frame of a folder; empty for a file.
    """

    subject: str
    video: str
    path: Path
    kind: str
    fps: float
    numbers: np.ndarray | None
    grey: bool
    sample: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawEvent:
    """One annotated expression as a sheet gives it.

    Attributes:
        video: name of its video.
        onset: official number; fractions and 0 are repaired later.
        apex: official number; ``None``, 0 or -1 where it is not annotated.
        offset: official number; 0 where it is not annotated.
        type: ``me`` or ``mae``.
        source: name of the sheet.
        row: row in the sheet, counted from 1 as a spreadsheet program shows it.
        rules: names of the data set's own repairs that were applied already.
        sheet: onset, apex and offset as the sheet has them, where one of ``rules`` changed them.
        dropped: why a rule of the data set leaves the row out; empty for an event.
    """

    video: str
    onset: float
    apex: float | None
    offset: float
    type: str
    source: str
    row: int
    rules: tuple[str, ...] = field(default=())
    sheet: tuple[float, float | None, float] | None = None
    dropped: str = ""

    @property
    def official(self) -> tuple[float, float | None, float]:
        """Onset, apex and offset as the sheet has them."""
        return self.sheet or (self.onset, self.apex, self.offset)
