"""Random clips by decord, the second decoder of ``ClipReader``.

decord is no longer maintained and has wheels for few machines. PyAV is the default, because decord
decodes every frame up to the one asked for, indexes a file anew at each opening and hangs across
forks and in damaged files (``benchmarks/clips.py`` compares their time). What decord is known to
read wrongly is refused: transport streams, 16 bits, and pictures turned by a quarter.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from mespot.core.errors import MespotError
from mespot.video.clock import FrameClock
from mespot.video.container import open_container
from mespot.video.file_source import DEEP, read_clock
from mespot.video.random_access import shape_frame

_EXPECTED = "expected a file for decord, or the decoder pyav"


class DecordFrames:
    """Random access to one video file, with the interface of ``RandomFrames``.

    Frames have the same indices as there: the clock of the file tells, not decord.

    Args:
        path: video file.
        fps: overrules the file's own rate, frames per second; ``None`` = the file's.
        size: (height, width) of the frames that are returned; ``None`` = as they are.

    Raises:
        MespotError: decord is not installed.
    """

    def __init__(self, path: Path, fps: float | None, size: tuple[int, int] | None) -> None:
        try:
            import decord  # noqa: F401
        except ImportError as error:
            raise MespotError(
                "decoder decord: not installed, expected `pip install decord` (there are wheels "
                "for Linux and Windows on x86-64) or the decoder pyav"
            ) from error
        self._path, self._fps, self._size = path, fps, size
        self._clock: FrameClock | None = None
        self._opened: tuple[int, Any, np.ndarray] | None = None  # owner, reader, index of samples

    @property
    def clock(self) -> FrameClock:
        """How the frames get their indices.

        Raises:
            MespotError: not a readable video.
        """
        if self._clock is None:
            container, stream = open_container(self._path)
            with container:
                if "mpegts" in container.format.name:
                    raise MespotError(f"{self._path}: found a transport stream, {_EXPECTED}")
                if stream.codec_context.pix_fmt.startswith(tuple(DEEP)):
                    raise MespotError(f"{self._path}: found 16 bits, {_EXPECTED}")
                self._clock, _ = read_clock(self._path, container, stream, self._fps)
        return self._clock

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read frames.

        Args:
            indices: (n,) 0-based, below ``clock.frames``, in any order.

        Returns:
            uint8 (n, H, W, 3) RGB.

        Raises:
            MespotError: a file or frame that decord cannot read.
        """
        reader, slots = self._open()
        samples = indices
        if self.clock.kind == "variable":
            samples = np.searchsorted(slots, indices, side="right") - 1
        try:
            frames = reader.get_batch(samples).asnumpy()
        except Exception as error:  # its errors have a class of their own
            raise MespotError(f"{self._path}: cannot be decoded, {_EXPECTED}") from error
        return np.stack([shape_frame(frame, self._size) for frame in frames])

    def close(self) -> None:
        """Close the file; the next reading opens it again."""
        self._opened = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _open(self) -> tuple[Any, np.ndarray]:
        import decord

        if self._opened is None or self._opened[0] != os.getpid():
            samples = self.clock.samples
            try:
                reader = decord.VideoReader(str(self._path), num_threads=1)
            except Exception as error:
                raise MespotError(f"{self._path}: cannot be opened, {_EXPECTED}") from error
            if len(reader) != samples:
                raise MespotError(
                    f"{self._path}: decord finds {len(reader)} frames of {samples}, {_EXPECTED}"
                )
            slots = np.arange(samples)
            if self.clock.kind == "variable":
                slots = self.clock.slots(reader.get_frame_timestamp(range(samples))[:, 0])
            self._opened = os.getpid(), reader, slots
        return self._opened[1:]
