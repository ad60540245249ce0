"""Opening video files with PyAV: which stream is the video, and when its frames are shown."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

from mespot.core.errors import MespotError

_TEXT = "tty"  # FFmpeg draws text files as terminal pictures and calls that a video


def open_container(
    path: Path, content: bytes | None = None
) -> tuple[av.container.InputContainer, av.VideoStream]:
    """Open a file and choose its video stream: FFmpeg's best one that is no cover picture.

    Only this very file is read: playlists that point elsewhere are not followed to the network.

    Args:
        path: the file.
        content: its bytes, where they are in memory already; ``path`` is then a mere name.

    Raises:
        MespotError: no readable video file, or no video in it.
    """
    try:
        file = f"file:{path}" if content is None else io.BytesIO(content)
        container = av.open(file, options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError) as error:
        raise MespotError(f"{path}: not a readable video ({error.strerror})") from error
    if container.format.name == _TEXT:
        container.close()
        raise MespotError(f"{path}: found a text file, expected a video")
    videos = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not videos:
        container.close()
        raise MespotError(f"{path}: found no video stream, expected a video")
    best = container.streams.best("video")
    stream = best if best in videos else videos[0]
    stream.codec_context.thread_count = 1  # videos are worked on side by side; faster on one core
    return container, stream


def sample_table(stream: av.VideoStream) -> np.ndarray | None:
    """Decoding times of all frames from the container's own table, without reading the frames.

    Returns:
        (n,) s ascending, frames that an edit list hides left out; ``None`` where the container
        has no complete table (mkv, webm, transport streams, fragmented mp4).
    """
    entries = stream.index_entries
    if not stream.frames or len(entries) != stream.frames:
        return None
    ticks = [entry.timestamp for entry in entries if not entry.is_discard]
    return np.sort(np.array(ticks, dtype=np.float64)) * float(stream.time_base)


def packet_times(container: av.container.InputContainer, stream: av.VideoStream) -> np.ndarray:
    """Presentation times of all frames from their packets: reads the file, decodes nothing.

    Returns:
        (n,) s ascending; of a damaged file those before the damage.
    """
    ticks = []
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                ticks.append(packet.pts if packet.pts is not None else packet.dts)
    except (av.error.FFmpegError, OSError):
        pass  # the reading for the frames themselves reports it
    if any(tick is None for tick in ticks):
        return np.arange(len(ticks)) / float(stream.guessed_rate or stream.average_rate or 1)
    return np.sort(np.array(ticks, dtype=np.float64)) * float(stream.time_base)


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
