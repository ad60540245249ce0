"""Frames of a video, from a folder of pictures or from a video file, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from mespot.core.errors import MespotError
from mespot.video.file_source import FileSource
from mespot.video.folder_source import FolderSource
from mespot.video.picture import folder_is_grey, read_picture

__all__ = [
    "FileSource",
    "FolderSource",
    "FrameSource",
    "folder_is_grey",
    "open_frames",
    "read_picture",
]


class FrameSource(Protocol):
    """A video that can be read from its beginning, any number of times.

    Frame ``i`` belongs to the time ``i / fps``, whatever the source: a file of variable frame rate
    is put on a constant grid (see :mod:`mespot.video.clock`).

    Attributes:
        fps: frames per second.
        frames: number of frames. After a complete reading of a file that is broken it is the
            number up to the last one that could be decoded; ``None`` where nothing is known.
        grey: whether frames have one channel.
        numbers: (n,) integers of the file names of a folder, 0-based indices of a file; ``None``
            while ``frames`` is.
    """

    fps: float
    frames: int | None
    grey: bool
    numbers: np.ndarray | None

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """Yield every ``stride``-th frame with its 0-based index.

        Yields:
            index, and uint8 (H, W, 3) RGB or (H, W) grey. A frame that cannot be decoded is left
            out with a warning. The array may be yielded again, so it must not be written to.
        """
        ...


def open_frames(path: str | Path, fps: float | None = None, threads: int = 1) -> FrameSource:
    """Open a folder of frames or a video file.

    Args:
        path: folder or file.
        fps: frames per second; a folder needs it, a file brings its own unless it is given.
        threads: above 1, frames are decoded while the caller looks at those before; they are the
            same.

    Raises:
        MespotError: missing, empty, no video, or no frame rate.
    """
    path = Path(path)
    if path.is_dir():
        if fps is None:
            raise MespotError(f"{path}: a folder of frames has no frame rate, expected --fps")
        return FolderSource(path, fps, threads)
    if not path.exists():
        raise MespotError(f"{path}: not found, expected a video file or a folder of frames")
    return FileSource(path, fps, threads)
