"""Frames of a video, from a folder of pictures or from a video file, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import av
import cv2
import numpy as np
import simplejpeg

from mespot.data.folders import frame_files
from mespot.errors import MespotError

log = logging.getLogger(__name__)
_JPG = (".jpg", ".jpeg")
_TRIED = 20  # pictures looked at before a folder counts as unreadable


class FrameSource(Protocol):
    """A video that can be read from its beginning, any number of times.

    Attributes:
        fps: frames per second.
        frames: number of frames; ``None`` where a file does not say. After a complete reading of
            a file it is the number that was decoded.
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
            out with a warning.
        """
        ...


def open_frames(path: str | Path, fps: float | None = None) -> FrameSource:
    """Open a folder of frames or a video file.

    Args:
        path: folder or file.
        fps: frames per second; a folder needs it, a file brings its own unless it is given.

    Raises:
        MespotError: missing, empty, no video, or no frame rate.
    """
    path = Path(path)
    if path.is_dir():
        if fps is None:
            raise MespotError(f"{path}: a folder of frames has no frame rate, expected --fps")
        return FolderSource(path, fps)
    if not path.exists():
        raise MespotError(f"{path}: not found, expected a video file or a folder of frames")
    return FileSource(path, fps)


class FolderSource:
    """A folder of numbered pictures; see ``FrameSource``."""

    def __init__(self, path: Path, fps: float) -> None:
        self.fps = float(fps)
        self._path = path
        self._names, self.numbers = frame_files(path)
        self.frames: int | None = len(self._names)
        self.grey = folder_is_grey(path, self._names)

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """See ``FrameSource.iterate``; frames between are not read.

        Raises:
            MespotError: when a frame differs in size from those before it.
        """
        shape = None
        for index in range(0, len(self._names), stride):
            path = self._path / self._names[index]
            frame = read_picture(path, self.grey)
            if frame is None:
                log.warning("%s: cannot be decoded, the frame is left out", path)
                continue
            shape = shape or frame.shape
            if frame.shape != shape:
                found, expected = frame.shape[1::-1], shape[1::-1]
                raise MespotError(
                    f"{path}: found {found[0]}x{found[1]} pixels, "
                    f"expected {expected[0]}x{expected[1]} as in the frames before"
                )
            yield index, frame


class FileSource:
    """A video file, streamed with PyAV; see ``FrameSource``."""

    def __init__(self, path: Path, fps: float | None) -> None:
        self._path = path
        with self._open() as container:
            stream = container.streams.video[0]
            rate = fps or stream.average_rate or stream.guessed_rate
            if not rate:
                raise MespotError(f"{path}: the file has no frame rate, expected --fps")
            self.fps = float(rate)
            self.frames: int | None = stream.frames or None
            first = next(_decoded(container, path), None)
            if first is None:
                raise MespotError(f"{path}: found no frame that can be decoded, expected a video")
            self.grey = first.format.name.startswith("gray")

    @property
    def numbers(self) -> np.ndarray | None:
        """See ``FrameSource``."""
        return None if self.frames is None else np.arange(self.frames)

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """See ``FrameSource.iterate``; a broken tail ends the video with a warning."""
        count = 0
        with self._open() as container:
            for frame in _decoded(container, self._path):
                if count % stride == 0:
                    yield count, _upright(frame, self.grey)
                count += 1
        if self.frames is not None and count < self.frames:
            log.warning("%s: decoded %d of %d frames", self._path, count, self.frames)
        self.frames = count

    def _open(self) -> av.container.InputContainer:
        try:
            container = av.open(str(self._path))
        except (av.error.FFmpegError, OSError) as error:
            raise MespotError(f"{self._path}: not a readable video ({error.strerror})") from error
        if not container.streams.video:
            container.close()
            raise MespotError(f"{self._path}: found no video stream, expected a video")
        return container


def folder_is_grey(folder: Path, names: list[str]) -> bool:
    """Tell from the first readable picture whether the frames of a folder have one channel.

    Raises:
        MespotError: when none of the first pictures can be decoded.
    """
    for name in names[:_TRIED]:
        path = folder / name
        try:
            if path.suffix.lower() in _JPG:
                return simplejpeg.decode_jpeg_header(path.read_bytes())[2].lower() == "gray"
            picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if picture is not None:
                return picture.ndim == 2
        except (OSError, ValueError):
            continue
    raise MespotError(f"{folder}: the first pictures cannot be decoded, from {names[0]} on")


def read_picture(path: Path, grey: bool) -> np.ndarray | None:
    """Read one picture as uint8 (H, W, 3) RGB or (H, W) grey; ``None`` when it is broken.

    OpenCV fills a cut-off jpg with grey and says nothing, hence it never sees one that simplejpeg
    calls broken.
    """
    if path.suffix.lower() in _JPG:
        try:
            content = path.read_bytes()
            frame = simplejpeg.decode_jpeg(content, colorspace="GRAY" if grey else "RGB")
            return frame[..., 0] if grey else frame
        except (OSError, ValueError):
            return None
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
    if picture is None or grey:
        return picture
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _decoded(container: av.container.InputContainer, path: Path) -> Iterator[av.VideoFrame]:
    try:
        yield from container.decode(video=0)
    except av.error.FFmpegError as error:
        log.warning("%s: the rest of the video is broken (%s)", path, error.strerror)


def _upright(frame: av.VideoFrame, grey: bool) -> np.ndarray:
    pixels = frame.to_ndarray(format="gray" if grey else "rgb24")
    # the rotation is counter-clockwise, as phones write it
    return np.ascontiguousarray(np.rot90(pixels, frame.rotation // 90))
