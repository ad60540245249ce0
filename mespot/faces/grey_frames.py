"""Grey frames of any source, made as cheaply as the source allows.

The flow branch looks at brightness alone. A video file stores it as a plane of its own, so that
converting to colour and back again would be the largest part of reading it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from mespot.data.frames import FileSource, FrameSource, open_frames


class GreyFileSource(FileSource):
    """A video file whose frames come in grey; ``grey`` still tells whether the file has colour."""

    def pixels(self, frame: av.VideoFrame) -> np.ndarray:
        """Return a decoded frame upright, uint8 (H, W)."""
        if self.grey or self._deep:
            return in_grey(super().pixels(frame))
        plane = self._reformatter.reformat(frame, format="gray", threads=1).to_ndarray()
        return np.ascontiguousarray(np.rot90(plane, frame.rotation // 90))


def open_grey(path: Path, fps: float | None = None) -> FrameSource:
    """Open a folder of frames or a video file, which is then read in grey.

    Args:
        path: folder or file.
        fps: frames per second; a folder needs it, a file brings its own unless it is given.

    Raises:
        MespotError: as ``mespot.data.frames.open_frames``.
    """
    return GreyFileSource(path, fps) if path.is_file() else open_frames(path, fps)


def in_grey(image: np.ndarray) -> np.ndarray:
    """Return a uint8 RGB (H, W, 3) or grey (H, W) image in grey."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def grey_frames(frames: Iterator[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
    """Turn the frames of ``FrameSource.iterate`` grey."""
    for index, image in frames:
        yield index, in_grey(image)
