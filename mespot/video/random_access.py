"""Frames of a video file in any order, with as little decoding as the codec allows.

The time stamps of all packets are learnt when a file is first opened; a clip then needs one run of
the decoder from the key frame before it. Packets in that run that no other frame builds on (most
B-frames) are decoded only where their own frame is asked for. decord, made for this
task, decodes every frame of the run and takes longer per clip (``benchmarks/clips.py``); it is the
second decoder of ``ClipReader``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from mespot.core.errors import MespotError
from mespot.video.clock import FrameClock
from mespot.video.container import open_container
from mespot.video.file_source import DEEP, FileSource, read_clock

# decoders that look at skip_frame at every packet; others read it once or not at all
_SKIPPING = ("h264", "hevc", "mpeg4")
_HELD = 8 << 20  # bytes of packets that are kept in memory between learning a file and reading it


class _Packets(NamedTuple):
    """Packets of a file in the order of decoding; all of them, the hidden ones too.

    ``ticks`` (n,) int64 time stamps, empty where a packet has none; ``keys`` (n,) bool;
    ``places`` (samples,) the packet of each frame that is shown, in the order of display.
    """

    ticks: np.ndarray
    keys: np.ndarray
    places: np.ndarray


class _Opened(NamedTuple):
    """An open file, the process that opened it, and its packets where they are few."""

    owner: int
    container: av.container.InputContainer
    stream: av.VideoStream
    packets: list[av.Packet] | None


class RandomFrames:
    """Random access to one video file.

    Cheap to make; the first question opens the file. It is never shared with another process:
    neither a fork nor a pickle carries the open file along.

    Args:
        path: video file.
        fps: overrules the file's own rate, frames per second; ``None`` = the file's.
        size: (height, width) of the frames that are returned; ``None`` = as they are.
        content: the file's bytes, where they are in memory already; ``path`` is then its name.
    """

    def __init__(
        self,
        path: Path,
        fps: float | None,
        size: tuple[int, int] | None,
        content: bytes | None = None,
    ) -> None:
        self._path, self._fps, self._size, self._content = path, fps, size, content
        self._clock: FrameClock | None = None
        self._packets: _Packets | None = None
        self._slots: np.ndarray | None = None
        self._opened: _Opened | None = None
        self._at_beginning = False  # a run may start at the first packet without seeking
        self._reformatter: VideoReformatter | None = None
        self._source: FileSource | None = None

    @property
    def clock(self) -> FrameClock:
        """How the frames get their indices.

        Raises:
            MespotError: not a readable video, or cut off.
        """
        if self._clock is None:
            self._open()
        return self._clock

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read frames.

        Args:
            indices: (n,) 0-based, below ``clock.frames``, in any order.

        Returns:
            uint8 (n, H, W, 3) RGB.

        Raises:
            MespotError: a frame that cannot be decoded.
        """
        self._open()
        samples = indices
        if self._slots is not None:
            # the last sample that the grid has reached: pauses hold it, crowded ones are skipped
            samples = np.searchsorted(self._slots, indices, side="right") - 1
        frames: dict[int, np.ndarray] = {}
        if not len(self._packets.ticks):
            self._count(set(samples.tolist()), frames)
        else:
            self._seek(np.unique(samples), frames)
        missing = [sample for sample in samples.tolist() if sample not in frames]
        if missing:
            raise MespotError(f"{self._path}: broken, frame {missing[0]} cannot be decoded")
        shapes = {frame.shape for frame in frames.values()}
        if len(shapes) > 1:
            raise MespotError(f"{self._path}: found frames of shapes {shapes}, expected one size")
        return np.stack([frames[sample] for sample in samples.tolist()])

    def close(self) -> None:
        """Close the file and forget its packets; what was learnt of their times stays."""
        if self._opened is not None and self._opened.owner == os.getpid():
            self._opened.container.close()
        self._opened = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None, "_reformatter": None, "_source": None}

    def _open(self) -> None:
        if self._opened is not None and self._opened.owner == os.getpid():
            return
        container, stream = open_container(self._path, self._content)
        packets, learning = None, self._packets is None
        if learning:
            self._clock, consumed = read_clock(self._path, container, stream, self._fps)
            if consumed:
                container.close()
                container, stream = open_container(self._path, self._content)
            packets = self._learn(container, stream)
        self._at_beginning = packets is not None or not learning
        self._opened = _Opened(os.getpid(), container, stream, packets)

    def _learn(
        self, container: av.container.InputContainer, stream: av.VideoStream
    ) -> list[av.Packet] | None:
        """Note when packets are shown and which are key frames; return them if they are few."""
        ticks, keys, shown, held, size = [], [], [], [], 0
        with contextlib.suppress(av.error.FFmpegError):
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                ticks.append(packet.pts)
                keys.append(packet.is_keyframe)
                shown.append(not packet.is_discard)
                size += packet.size
                if size <= _HELD:
                    held.append(packet)
        places = np.flatnonzero(shown)
        if len(places) != self._clock.samples:
            raise MespotError(
                f"{self._path}: broken or cut off, found {len(places)} frames, "
                f"expected {self._clock.samples}"
            )
        times = np.empty(0, np.int64)
        if None not in ticks:
            times = np.array(ticks, np.int64)
            places = places[np.argsort(times[places], kind="stable")]
        if self._clock.kind == "variable":
            base = float(stream.time_base)
            stamps = (
                times[places] * base if len(times) else np.arange(len(places)) / self._clock.fps
            )
            self._slots = self._clock.slots(stamps)
        self._packets = _Packets(times, np.array(keys, bool), places)
        return held if size <= _HELD else None

    def _seek(self, samples: np.ndarray, frames: dict[int, np.ndarray]) -> None:
        """Decode sorted samples, those between the same two key frames in one run."""
        ticks, keys, places = self._packets
        wanted = {int(ticks[places[sample]]): int(sample) for sample in samples}
        starts = np.flatnonzero(keys)
        starts = starts[np.argsort(ticks[starts], kind="stable")]
        groups = np.searchsorted(ticks[starts], ticks[places[samples]], side="right")
        for group in np.unique(groups):
            own = samples[groups == group]
            last = int(places[own].max())
            start = int(starts[group - 1]) if group else 0
            self._run(start, last, wanted, frames)
            if start and not frames.keys() >= set(own.tolist()):
                # a key frame that is none, or a container without an index
                self._run(0, last, wanted, frames)

    def _run(
        self, start: int, last: int, wanted: dict[int, int], frames: dict[int, np.ndarray]
    ) -> None:
        """Decode packets ``start`` to ``last``; keep the frames whose time stamp is wanted."""
        if not start and not self._at_beginning:
            self.close()  # containers without an index cannot be trusted to seek there
            self._open()
        codec = self._opened.stream.codec_context
        codec.flush_buffers()
        skips, shown = codec.name in _SKIPPING, None
        # a damaged packet ends the run: what it lacks is missed by the caller
        with contextlib.suppress(av.error.FFmpegError):
            for packet in self._stretch(start, last):
                if skips and (packet.pts in wanted) is not shown:
                    shown = packet.pts in wanted
                    codec.skip_frame = "DEFAULT" if shown else "NONREF"
                decoded = codec.decode(packet)
                if decoded:
                    self._keep(decoded, wanted, frames)
            self._keep(codec.decode(None), wanted, frames)

    def _stretch(self, start: int, last: int) -> Iterator[av.Packet]:
        _, container, stream, packets = self._opened
        if packets is not None:
            yield from packets[start : last + 1]
            return
        ticks = self._packets.ticks
        self._at_beginning = False
        if start:
            container.seek(int(ticks[start]), stream=stream, backward=True)
        for packet in container.demux(stream):
            if packet.size:
                yield packet
            if packet.pts == ticks[last]:
                return

    def _keep(
        self, decoded: list[av.VideoFrame], wanted: dict[int, int], frames: dict[int, np.ndarray]
    ) -> None:
        for frame in decoded:
            if frame.pts in wanted and not frame.is_corrupt:
                frames[wanted[frame.pts]] = shape_frame(self._pixels(frame), self._size)

    def _count(self, samples: set[int], frames: dict[int, np.ndarray]) -> None:
        """Decode a file without time stamps from its beginning, counting frames."""
        self.close()
        container, stream = open_container(self._path, self._content)
        last = max(samples)
        with container, contextlib.suppress(av.error.FFmpegError):
            for count, frame in enumerate(container.decode(stream)):
                if count in samples and not frame.is_corrupt:
                    frames[count] = shape_frame(self._pixels(frame), self._size)
                if count == last:
                    return

    def _pixels(self, frame: av.VideoFrame) -> np.ndarray:
        name = frame.format.name
        if frame.rotation or name.startswith(tuple(DEEP)):
            if self._content is not None:
                raise MespotError(f"{self._path}: rotated or of 16 bits, expected a plain video")
            if self._source is None:
                self._source = FileSource(self._path, self._fps)
            return self._source.pixels(frame)
        if self._reformatter is None:
            self._reformatter = VideoReformatter()
        wanted = "gray" if name.startswith("gray") else "rgb24"
        return self._reformatter.reformat(frame, format=wanted, threads=1).to_ndarray()


def shape_frame(pixels: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Return uint8 (H, W, 3) of a grey or RGB frame, shrunken or stretched to ``size`` (H, W)."""
    if size is not None and pixels.shape[:2] != tuple(size):
        smaller = size[0] < pixels.shape[0]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, (size[1], size[0]), interpolation=way)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels
