"""Clips out of videos, frame folders and still pictures, for training loaders.

A reader is cheap to make, to pickle and to inherit across a fork: a file is opened at the first
question, in the process that asks, and never shared. It stays open until ``close``, which keeps
what was learnt about it: over many files, close those not in use.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.watchdog import call_within
from mespot.video.decord_frames import DecordFrames
from mespot.video.folder_source import check_size
from mespot.video.folders import frame_files
from mespot.video.picture import folder_bits, read_picture
from mespot.video.random_access import RandomFrames, shape_frame

T = TypeVar("T")
_KINDS = ("file", "folder", "picture")
_DECODERS = {"pyav": RandomFrames, "decord": DecordFrames}


class ClipReader:
    """Random access to one video.

    Frame ``i`` is the frame ``i`` that :func:`mespot.video.frames.open_frames` streams, also for
    files of variable frame rate, which are put on a constant grid.

    Args:
        path: video file, folder of frames, or picture.
        kind: ``file``, ``folder`` or ``picture``, as clip lists and index tables say.
        fps: frames per second; a folder needs it, a file brings its own unless it is given.
        size: (height, width) of the frames that are returned; ``None`` = as they are.
        limit: s that opening or reading a file may take in a worker process before that process
            ends with its stack on stderr (see :mod:`mespot.core.watchdog`); 0 = no limit. It is
            never armed in a main process.
        decoder: what reads files: ``pyav``, or ``decord`` where it is installed.
    """

    def __init__(
        self,
        path: str | Path,
        kind: str,
        fps: float | None = None,
        size: tuple[int, int] | None = None,
        limit: float = 0.0,
        decoder: str = "pyav",
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
        self._file = _DECODERS[decoder](self.path, fps, size)
        self._names: list[str] | None = None
        self._bits = 8

    @property
    def frames(self) -> int:
        """Number of frames; 1 for a picture, which answers any index."""
        if self.kind == "picture":
            return 1
        if self.kind == "folder":
            return len(self._folder_names())
        return self._within(lambda: self._file.clock.frames)

    @property
    def fps(self) -> float:
        """Frames per second; 1 for a picture without a given rate."""
        if self.kind == "file":
            return self._within(lambda: self._file.clock.fps)
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
        return self._within(lambda: self._file.read(indices))

    def close(self) -> None:
        """Close the file; the next reading opens it again."""
        self._file.close()

    def __enter__(self) -> ClipReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _within(self, call: Callable[[], T]) -> T:
        try:
            return call_within(self._limit, self.path, call)
        except MespotError:
            self.close()  # a decoder that has failed once is not asked again
            raise

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
