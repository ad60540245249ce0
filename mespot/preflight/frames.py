"""Opening the first and the last frame of each video.

An interrupted download or unpacking shows there: the last file is cut off or empty.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from mespot.core.errors import MespotError
from mespot.core.progress import track
from mespot.datasets.raw import RawVideo
from mespot.video.container import open_container
from mespot.video.folders import frame_files
from mespot.video.picture import read_picture

# opening waits for the disk or the network, not for a core
_THREADS = 8
# of a million clips an even sample is opened: two hours become a minute
MOST_VIDEOS = 5000
_TAIL = 1.0  # s by which the last readable frame of a file may lie before its announced end
_JUMPS = (0.0, 10.0)  # s before the end; containers without key-frame table jump inexactly


@dataclass(frozen=True)
class Ends:
    """First and last frame of one video.

    Attributes:
        video: its name.
        first: (height, width) of the first frame; ``None`` when it cannot be read.
        last: the same of the last frame.
        faults: one line per end that cannot be read, naming the file.
        frames: number of frames that a file announces; ``None`` for folders and silent files.
    """

    video: str
    first: tuple[int, int] | None
    last: tuple[int, int] | None
    faults: tuple[str, ...] = ()
    frames: int | None = None


def read_ends(videos: list[RawVideo]) -> list[Ends]:
    """Open the first and last frame of each video, several at a time, with a progress bar.

    Args:
        videos: of the data set; of more than ``MOST_VIDEOS`` an even sample is opened.

    Returns:
        one entry per opened video, in their order.
    """
    if len(videos) > MOST_VIDEOS:
        places = np.linspace(0, len(videos) - 1, MOST_VIDEOS).round().astype(int)
        videos = [videos[place] for place in places]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(track(pool.map(ends_of, videos), "first and last frames", len(videos)))


def ends_of(video: RawVideo) -> Ends:
    """Open the first and the last frame of one video; faults are reported, not raised."""
    return _ends_of_folder(video) if video.kind == "folder" else _ends_of_file(video)


def _ends_of_folder(video: RawVideo) -> Ends:
    try:
        names = video.sample or tuple(frame_files(video.path)[0])
    except MespotError as error:
        return Ends(video.video, None, None, (str(error),))
    sizes, faults = [], []
    for which, name in (("first", names[0]), ("last", names[-1])):
        path = video.path / name
        picture = read_picture(path, video.grey)
        sizes.append(None if picture is None else picture.shape[:2])
        if picture is None:
            faults.append(f"{path}: the {which} frame cannot be decoded ({_size(path)})")
    return Ends(video.video, sizes[0], sizes[1], tuple(faults))


def _ends_of_file(video: RawVideo) -> Ends:
    try:
        container, stream = open_container(video.path)
    except MespotError as error:
        return Ends(video.video, None, None, (str(error),))
    with container:
        announced = _announced(container, stream)
        first, frames = _first_size(container, stream), stream.frames or None
        if first is None:
            fault = f"{video.path}: the first frame cannot be decoded ({_size(video.path)})"
            return Ends(video.video, None, None, (fault,), frames)
        reached = _last_time(container, stream, announced)
    if reached is None:
        fault = f"{video.path}: the last frame cannot be decoded ({_size(video.path)})"
        return Ends(video.video, first, None, (fault,), frames)
    if announced is not None and announced - reached > _TAIL:
        fault = f"{video.path}: readable up to {reached:.1f} s of {announced:.1f} s"
        return Ends(video.video, first, None, (fault,), frames)
    return Ends(video.video, first, first, (), frames)


def _announced(container: av.container.InputContainer, stream: av.VideoStream) -> float | None:
    """Return the length that the file announces, s.

    Of an avi file that was cut off FFmpeg shortens the duration, but not the number of frames.
    """
    lengths = []
    if stream.duration:
        lengths.append(float(stream.duration * stream.time_base))
    elif container.duration:
        lengths.append(container.duration / av.time_base)
    if stream.frames and stream.average_rate:
        lengths.append(float(stream.frames / stream.average_rate))
    return max(lengths, default=None)


def _first_size(
    container: av.container.InputContainer, stream: av.VideoStream
) -> tuple[int, int] | None:
    """Return (height, width) of the first frame, upright."""
    try:
        frame = next(container.decode(stream), None)
    except (av.error.FFmpegError, OSError):
        return None
    if frame is None:
        return None
    turned = frame.rotation % 180 != 0
    return (frame.width, frame.height) if turned else (frame.height, frame.width)


def _last_time(
    container: av.container.InputContainer, stream: av.VideoStream, announced: float | None
) -> float | None:
    """Jump close to the end, decode from there, and return the time of the last frame, s."""
    start = float((stream.start_time or 0) * stream.time_base)
    for before in _JUMPS:
        reached = None
        try:
            if announced is not None:
                place = int((start + announced - before) / stream.time_base) - 1
                container.seek(max(place, 0), stream=stream, backward=True)
            for frame in container.decode(stream):
                if frame.time is not None and not frame.is_corrupt:
                    reached = frame.time - start
        except (av.error.FFmpegError, OSError):
            pass  # what was reached before the damage counts
        if reached is not None:
            return reached
    return None


def _size(path: Path) -> str:
    try:
        return f"{os.stat(path).st_size:,} bytes"
    except OSError as error:
        return str(error.strerror)


def sizes_of(ends: list[Ends]) -> Iterator[tuple[int, int]]:
    """Yield (height, width) of every end that was read."""
    for end in ends:
        yield from (size for size in (end.first, end.last) if size is not None)
