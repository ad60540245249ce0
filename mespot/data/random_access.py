"""Frames of a video file in any order: decord where it is known to be right, PyAV elsewhere.

Both count the frames that the file stores (samples), 0-based in the order of display.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Protocol

import av
import cv2
import numpy as np

from mespot.data.container import open_container
from mespot.data.file_source import FileSource
from mespot.errors import MespotError

# decord misses the first group of pictures of transport streams; formats it was tested with
_DECORD_FORMATS = ("mov", "matroska", "avi")


class RandomAccess(Protocol):
    """Reads samples of one file; belongs to the process that opened it."""

    def read(self, samples: np.ndarray) -> np.ndarray:
        """Return uint8 (n, H, W, 3) RGB of 0-based ``samples`` (n,)."""
        ...


def open_random(path: Path, source: FileSource, size: tuple[int, int] | None) -> RandomAccess:
    """Open a file for random access.

    decord is taken only when it agrees with PyAV on the number of frames and their size, and for
    neither rotated nor 16-bit files: it returns four channels for quarter turns, skips frames of
    clips that an edit list cuts, and does not know which of 16 bits are in use.

    Args:
        path: video file.
        source: the same file, opened for streaming.
        size: (height, width) of the frames that are returned; ``None`` = as they are.

    Raises:
        MespotError: neither library can read it.
    """
    reader = _open_decord(path, source, size)
    return reader if reader is not None else SeekFrames(path, source, size)


class DecordFrames:
    """Random access with decord; see ``RandomAccess``."""

    def __init__(self, path: Path, reader: object) -> None:
        self._path = path
        self._reader = reader

    def read(self, samples: np.ndarray) -> np.ndarray:
        """See ``RandomAccess.read``.

        Raises:
            MespotError: a frame that cannot be decoded.
        """
        from decord import DECORDError

        try:
            return self._reader.get_batch([int(sample) for sample in samples]).asnumpy()
        except DECORDError as error:
            first, last = int(samples.min()), int(samples.max())
            raise MespotError(
                f"{self._path}: broken, frames between {first} and {last} cannot be decoded"
            ) from error


class SeekFrames:
    """Random access with PyAV: seek to the key frame before, decode up to the frame."""

    def __init__(self, path: Path, source: FileSource, size: tuple[int, int] | None) -> None:
        self._path, self._source, self._size = path, source, size
        container, stream = open_container(path)
        ticks, keys = [], []
        with container, contextlib.suppress(av.error.FFmpegError):
            for packet in container.demux(stream):
                if packet.size and not packet.is_discard and packet.pts is not None:
                    ticks.append(packet.pts)
                    if packet.is_keyframe:
                        keys.append(packet.pts)
        self._ticks = np.sort(np.array(ticks, dtype=np.int64))  # (samples,)
        self._keys = np.sort(np.array(keys, dtype=np.int64))
        if len(self._ticks) != source.clock.samples:
            raise MespotError(
                f"{path}: broken or cut off, found {len(self._ticks)} frames with a time stamp, "
                f"expected {source.clock.samples}"
            )

    def read(self, samples: np.ndarray) -> np.ndarray:
        """See ``RandomAccess.read``.

        Raises:
            MespotError: a frame that cannot be decoded.
        """
        wanted = self._ticks[np.unique(samples)]
        frames: dict[int, np.ndarray] = {}
        # wanted frames between the same two key frames come from one run of the decoder
        groups = np.searchsorted(self._keys, wanted, side="right")
        for group in np.unique(groups):
            ticks = wanted[groups == group]
            self._run(ticks, frames, int(self._keys[max(group - 1, 0)]))
            if not frames.keys() >= set(ticks.tolist()):
                # a container without an index may land behind its goal
                self._run(ticks, frames, None)
        missing = [sample for sample in samples if int(self._ticks[sample]) not in frames]
        if missing:
            raise MespotError(f"{self._path}: broken, frame {missing[0]} cannot be decoded")
        return np.stack([frames[int(self._ticks[sample])] for sample in samples])

    def _run(self, ticks: np.ndarray, frames: dict[int, np.ndarray], start: int | None) -> None:
        """Decode from the key frame at ``start`` (or the beginning) to the last of ``ticks``."""
        goal = set(ticks.tolist())
        container, stream = open_container(self._path)
        with container, contextlib.suppress(av.error.FFmpegError):
            if start is not None:
                container.seek(start, stream=stream, backward=True)
            for frame in container.decode(stream):
                if frame.pts in goal and not frame.is_corrupt:
                    frames[frame.pts] = shape_frame(self._source.pixels(frame), self._size)
                if frame.pts is not None and frame.pts >= ticks[-1]:
                    return


def shape_frame(pixels: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Return uint8 (H, W, 3) of a grey or RGB frame, shrunken or stretched to ``size`` (H, W)."""
    if size is not None and pixels.shape[:2] != tuple(size):
        smaller = size[0] < pixels.shape[0]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, (size[1], size[0]), interpolation=way)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels


def _open_decord(
    path: Path, source: FileSource, size: tuple[int, int] | None
) -> DecordFrames | None:
    from decord import DECORDError, VideoReader, logging

    if source.rotated or source.deep or not source.format.startswith(_DECORD_FORMATS):
        return None
    logging.set_level(logging.QUIET)  # what it cannot read, PyAV reads, or one line reports
    height, width = size if size is not None else (-1, -1)
    try:
        reader = VideoReader(os.fspath(path), num_threads=1, width=width, height=height)
        right = len(reader) == source.clock.samples
        right = right and reader[0].shape == (*(size or source.shape[:2]), 3)
    except (DECORDError, RuntimeError):
        return None
    return DecordFrames(path, reader) if right else None
