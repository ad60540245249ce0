"""A folder of numbered pictures as a video."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mespot.core.errors import MespotError
from mespot.video.folders import frame_files
from mespot.video.picture import folder_bits, folder_is_grey, read_picture
from mespot.video.read_ahead import ahead

log = logging.getLogger(__name__)
_AHEAD = 4  # frames that wait; they are whole pictures


class FolderSource:
    """A folder of numbered pictures; see :class:`mespot.video.frames.FrameSource`.

    The first readable picture decides whether the video is grey; pictures of the other kind are
    converted.

    Args:
        path: folder.
        fps: frames per second.
        threads: above 1, the next pictures are read while the caller looks at one.
    """

    def __init__(self, path: Path, fps: float, threads: int = 1) -> None:
        self.fps = float(fps)
        self._threads = threads
        self._path = path
        self._names, self.numbers = frame_files(path)
        self.frames: int | None = len(self._names)
        self.grey = folder_is_grey(path, self._names)
        self._bits = folder_bits(path, self._names)

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """See ``FrameSource.iterate``; frames between are not read.

        Raises:
            MespotError: when a frame differs in size from those before it.
        """
        frames = self._read(stride)
        yield from ahead(frames, _AHEAD) if self._threads > 1 else frames

    def _read(self, stride: int) -> Iterator[tuple[int, np.ndarray]]:
        shape = None
        for index in range(0, len(self._names), stride):
            path = self._path / self._names[index]
            frame = read_picture(path, self.grey, self._bits)
            if frame is None:
                log.warning("%s: cannot be decoded, the frame is left out", path)
                continue
            shape = shape or frame.shape
            check_size(path, frame.shape, shape)
            yield index, frame


def check_size(path: Path, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Refuse a frame of another size.

    Raises:
        MespotError: ``found`` (H, W, ...) differs from ``expected`` in height or width.
    """
    if found[:2] != expected[:2]:
        raise MespotError(
            f"{path}: found {found[1]}x{found[0]} pixels, "
            f"expected {expected[1]}x{expected[0]} as in the frames before"
        )
