"""Clips out of videos, frame folders and still pictures, for training loaders.

A reader is cheap to make, to pickle and to inherit across a fork: whatever a library holds is
opened at the first reading, in the process that reads, and never shared (decord hangs when it
is). A reader keeps its file open until ``close``: over many files, close those not in use.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from mespot.data.file_source import FileSource
from mespot.data.folder_source import check_size
from mespot.data.folders import frame_files
from mespot.data.picture import folder_bits, read_picture
from mespot.data.random_access import RandomAccess, open_random, shape_frame
from mespot.data.watchdog import call_within
from mespot.errors import MespotError

_KINDS = ("file", "folder", "picture")


class ClipReader:
    """Random access to one video.

    Frame ``i`` is the frame ``i`` that :func:`mespot.data.frames.open_frames` streams, also for
    files of variable frame rate, which are put on a constant grid.

    Args:
        path: video file, folder of frames, or picture.
        kind: ``file``, ``folder`` or ``picture``, as clip lists and index tables say.
        fps: frames per second; a folder needs it, a file brings its own unless it is given.
        size: (height, width) of the frames that are returned; ``None`` = as they are.
        limit: s that opening or reading a file may take in a worker process before that process
            ends with its stack on stderr (see :mod:`mespot.data.watchdog`); 0 = no limit. It is
            never armed in a main process.
    """

    def __init__(
        self,
        path: str | Path,
        kind: str,
        fps: float | None = None,
        size: tuple[int, int] | None = None,
        limit: float = 0.0,
    ) -> None:
        self.path = Path(path)
        if kind not in _KINDS:
            raise MespotError(f"{path}: found kind {kind!r}, expected {', '.join(_KINDS)}")
        if kind == "folder" and fps is None:
            raise MespotError(f"{path}: a folder of frames has no frame rate, expected --fps")
        if kind != "folder" and not self.path.is_file():
            raise MespotError(f"{path}: not found, expected a {kind}")
        self.kind = kind
        self._fps, self._size, self._limit = fps, size, limit
        self._source: FileSource | None = None
        self._slots: np.ndarray | None = None
        self._names: list[str] | None = None
        self._bits = 8
        self._reader: RandomAccess | None = None
        self._owner = 0  # process that opened the reader
        self._inherited: list[RandomAccess] = []

    @property
    def frames(self) -> int:
        """Number of frames; 1 for a picture, which answers any index."""
        if self.kind == "picture":
            return 1
        if self.kind == "folder":
            return len(self._folder_names())
        return self._file().clock.frames

    @property
    def fps(self) -> float:
        """Frames per second; 1 for a picture without a given rate."""
        if self.kind == "file":
            return self._file().fps
        return float(self._fps) if self._fps is not None else 1.0

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read frames.

        Args:
            indices: (n,) 0-based, in any order, repeated or not.

        Returns:
            uint8 (n, H, W, 3) RGB; grey videos have three equal channels.

        Raises:
            MespotError: an index outside the video, a frame that cannot be decoded, or frames of
                different size.
        """
        indices = np.asarray(indices, dtype=np.int64).reshape(-1)
        if self.kind == "picture":
            return np.repeat(self._picture(self.path)[None], len(indices), axis=0)
        outside = indices[(indices < 0) | (indices >= self.frames)]
        if outside.size:
            raise MespotError(
                f"{self.path}: found frame {outside[0]} asked for, expected 0 to {self.frames - 1}"
            )
        if not indices.size:
            raise MespotError(f"{self.path}: found no frame asked for, expected at least one")
        if self.kind == "folder":
            return self._read_folder(indices)
        return self._read_file(indices)

    def close(self) -> None:
        """Close the file; the next reading opens it again."""
        if self._owner == os.getpid():
            self._reader = None

    def __enter__(self) -> ClipReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        opened = {"_source": None, "_reader": None, "_owner": 0, "_inherited": []}
        return {**self.__dict__, **opened}

    def _file(self) -> FileSource:
        if self._source is None:
            self._source = FileSource(self.path, self._fps)
        return self._source

    def _read_file(self, indices: np.ndarray) -> np.ndarray:
        source = self._file()
        if source.clock.kind == "variable" and self._slots is None:
            self._slots = source.slots()
        samples = indices
        if self._slots is not None:
            # the last sample that the grid has reached: pauses hold it, crowded ones are skipped
            samples = np.searchsorted(self._slots, indices, side="right") - 1
        try:
            return call_within(self._limit, self.path, lambda: self._random(source).read(samples))
        except MespotError:
            self.close()  # a decoder that has failed once is not asked again
            raise

    def _random(self, source: FileSource) -> RandomAccess:
        if self._owner != os.getpid():
            if self._reader is not None:
                # from before a fork: its threads did not come along, and its end would wait for
                # them, so it is kept for as long as this process lives
                self._inherited.append(self._reader)
            self._reader, self._owner = None, os.getpid()
        if self._reader is None:
            self._reader = open_random(self.path, source, self._size)
        return self._reader

    def _folder_names(self) -> list[str]:
        if self._names is None:
            self._names, _ = frame_files(self.path)
            self._bits = folder_bits(self.path, self._names)
        return self._names

    def _read_folder(self, indices: np.ndarray) -> np.ndarray:
        names = self._folder_names()
        frames: dict[int, np.ndarray] = {}
        for index in indices.tolist():
            if index not in frames:
                path = self.path / names[index]
                frames[index] = self._picture(path)
                check_size(path, frames[index].shape, next(iter(frames.values())).shape)
        return np.stack([frames[index] for index in indices.tolist()])

    def _picture(self, path: Path) -> np.ndarray:
        if self.kind == "picture":
            self._bits = folder_bits(path.parent, [path.name])
        pixels = read_picture(path, grey=False, bits=self._bits)
        if pixels is None:
            raise MespotError(f"{path}: cannot be decoded, expected a picture")
        return shape_frame(pixels, self._size)
