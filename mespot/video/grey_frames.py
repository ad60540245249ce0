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
from av.video.reformatter import ColorRange

from mespot.video.frames import FileSource, FrameSource, open_frames

# pixel formats whose first plane is the brightness, 8 bits each
_LUMA_FIRST = {
    *("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "nv12", "nv21"),
}
_BLACK, _RANGE = 16, 219  # grey levels of limited range (ITU-R BT.601): 16 is black, 235 white


class GreyFileSource(FileSource):
    """A video file whose frames come in grey; ``grey`` still tells whether the file has colour."""

    def pixels(self, frame: av.VideoFrame) -> np.ndarray:
        """Return a decoded frame upright, uint8 (H, W)."""
        if self.grey or self._deep:
            return in_grey(super().pixels(frame))
        plane = luma(frame)
        if plane is None:
            plane = self._reformatter.reformat(frame, format="gray", threads=1).to_ndarray()
        return np.ascontiguousarray(np.rot90(plane, frame.rotation // 90))


def luma(frame: av.VideoFrame) -> np.ndarray | None:
    """Return the brightness (H, W) uint8 of a frame that stores it as a plane of bytes.

    Grey levels are those of FFmpeg's conversion to grey, at half its time.

    Returns:
        None where the pixel format is another one.
    """
    if frame.format.name not in _LUMA_FIRST:
        return None
    plane = frame.planes[0]
    pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    pixels = pixels[: frame.height, : frame.width]
    if frame.format.name.startswith("yuvj") or frame.color_range == ColorRange.JPEG:
        return pixels.copy()  # the frame's memory goes back to the decoder
    # a weighted sum of one picture: what is darker than black stays black
    return cv2.addWeighted(pixels, 255 / _RANGE, pixels, 0, -_BLACK * 255 / _RANGE)


def open_grey(path: Path, fps: float | None = None, threads: int = 1) -> FrameSource:
    """Open a folder of frames or a video file, which is then read in grey.

    Args:
        path: folder or file.
        fps: frames per second; a folder needs it, a file brings its own unless it is given.
        threads: as for ``mespot.video.frames.open_frames``.

    Raises:
        MespotError: as ``mespot.video.frames.open_frames``.
    """
    if path.is_file():
        return GreyFileSource(path, fps, threads)
    return open_frames(path, fps, threads)


def in_grey(image: np.ndarray) -> np.ndarray:
    """Return a uint8 RGB (H, W, 3) or grey (H, W) image in grey."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def grey_frames(frames: Iterator[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
    """Turn the frames of ``FrameSource.iterate`` grey."""
    for index, image in frames:
        yield index, in_grey(image)
