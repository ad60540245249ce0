"""A list of a million video files for pre-training, in little memory.

One ``<path> <label>`` a line, as published lists come; the label, a whole number, may be left out
and is not used. ``.mp4`` may be left out too. A path is relative to the folder of the list.
Nothing is opened or looked for: a name costs its bytes and eight more.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mespot.core.errors import MespotError
from mespot.video.random_access import RandomFrames

_SUFFIX = ".mp4"
_BREAK = 10


class VideoList:
    """Video files of a list.

    Args:
        path: the list, UTF-8.

    Raises:
        MespotError: unreadable or empty.
    """

    def __init__(self, path: Path) -> None:
        self._list, self._root = path, path.parent
        try:
            self._text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        except OSError as error:
            raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
        letters = np.frombuffer(self._text, np.uint8)
        ends = np.append(np.flatnonzero(letters == _BREAK), len(letters))
        starts = np.append(0, ends[:-1] + 1)
        lines = np.stack((starts, ends), 1).astype(np.int32 if len(letters) < 2**31 else np.int64)
        # a line of blanks alone counts as none; only short ones are worth a look
        blank = [
            row
            for row in np.flatnonzero(ends - starts < 4)
            if not self._text[starts[row] : ends[row]].strip()
        ]
        self._lines = np.delete(lines, blank, axis=0)  # (n, 2) start and end of each line
        if not len(self._lines):
            raise MespotError(f"{path}: found an empty list, expected one video path a line")

    def __len__(self) -> int:
        return len(self._lines)

    def name(self, row: int) -> str:
        """Path of a video as the list gives it, without label.

        Raises:
            MespotError: bytes that are no UTF-8 text.
        """
        start, end = self._lines[row]
        try:
            text = self._text[start:end].decode().strip()
        except UnicodeDecodeError as error:
            where = f"{self._list}: line at byte {start}"
            raise MespotError(f"{where}: found bytes that are no UTF-8 text") from error
        fields = text.rsplit(maxsplit=1)
        return fields[0] if len(fields) == 2 and fields[1].isdecimal() else text

    def path(self, row: int) -> Path:
        """Return the file of a video."""
        path = self._root / self.name(row)
        return path if path.suffix else path.with_name(path.name + _SUFFIX)

    def open(self, row: int) -> RandomFrames:
        """Return a reader of a video; the first question to it opens the file."""
        return RandomFrames(self.path(row), None, None)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the order of an epoch, (n,) rows, each once."""
        return rng.permutation(np.arange(len(self), dtype=np.int32))
