"""A video file, streamed with PyAV: flat memory, upright 8-bit frames on a constant grid."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from mespot.core.errors import MespotError
from mespot.video.clock import FrameClock, Ticker, make_clock
from mespot.video.container import open_container, packet_times, sample_table
from mespot.video.depth import significant_bits, to_8_bits
from mespot.video.folder_source import check_size

log = logging.getLogger(__name__)
_MOST_THREADS = 4  # each holds a frame; decoding is then not what one waits for
_SAMPLED = 8  # frames that tell how many of 16 bits are in use
_SHORT, _SHORT_SHARE = 1.0, 0.05  # s, share by which a file may be shorter than it states
DEEP = {"gray16": "gray16le", "rgb48": "rgb48le", "rgba64": "rgb48le", "gbrp16": "rgb48le"}


@dataclass
class Damage:
    """What went wrong in one reading: decoded frames, and the first error."""

    decoded: int = 0
    error: str = ""


class FileSource:
    """A video file; see :class:`mespot.video.frames.FrameSource`.

    Args:
        path: file.
        fps: frames per second; the file's own unless given.
        threads: of FFmpeg; above 1, they decode while the caller looks at the frames before.

    Attributes:
        clock: how frames get their indices.
        format: FFmpeg's name of the container format.
        shape: (H, W) or (H, W, 3) of its upright frames.
        rotated: whether the file asks for a rotation on display.
        deep: whether it stores 16 bits per channel.
    """

    def __init__(self, path: Path, fps: float | None, threads: int = 1) -> None:
        self._path = path
        self._threads = min(threads, _MOST_THREADS)
        self._reformatter = VideoReformatter()
        with self._open() as (container, stream):
            self.format = container.format.name
            self.clock, _ = read_clock(path, container, stream, fps)
            self._stated = _stated_seconds(container, stream)
        with self._open() as (container, stream):
            first = next(_decode(container, stream, Damage()), None)
            if first is None:
                raise MespotError(f"{path}: found no frame that can be decoded, expected a video")
            self.grey = first[0].format.name.startswith("gray")
        stored = first[0].format.name
        self._deep = next((to for name, to in DEEP.items() if stored.startswith(name)), "")
        self._bits = self._brightest_bits() if self._deep else 8
        self.deep, self.rotated = bool(self._deep), bool(first[0].rotation)
        self.shape = self.pixels(first[0]).shape
        self.fps = self.clock.fps
        self.frames: int | None = self.clock.frames

    @property
    def numbers(self) -> np.ndarray | None:
        """See ``FrameSource``."""
        return None if self.frames is None else np.arange(self.frames)

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """See ``FrameSource.iterate``.

        A packet that cannot be decoded costs the frames up to the next key frame, which build on
        it; the frames after it keep their indices. One warning counts what is missing.

        Raises:
            MespotError: when a frame differs in size from those before it.
        """
        if self.clock.kind != "constant":
            self._tell()
        damage, last = Damage(), -1
        with self._open(self._threads) as (container, stream):
            for slot, end, frame in self._placed(_decode(container, stream, damage), stream):
                last = end - 1
                wanted = range(-(-slot // stride) * stride, end, stride)
                if wanted:
                    pixels = self.pixels(frame)
                    check_size(self._path, pixels.shape, self.shape)
                    for index in wanted:
                        yield index, pixels
        if damage.decoded < self.clock.samples:
            log.warning(
                "%s: decoded %d of %d frames%s",
                self._path,
                damage.decoded,
                self.clock.samples,
                f" ({damage.error})" if damage.error else "",
            )
        seconds = self.clock.frames / self.clock.rate
        if self._stated - seconds > max(_SHORT, _SHORT_SHARE * self._stated):
            text = "%s: found %.1f s of video, the file states %.1f s: it may be cut off"
            log.warning(text, self._path, seconds, self._stated)
        self.frames = last + 1

    def pixels(self, frame: av.VideoFrame) -> np.ndarray:
        """Return a decoded frame upright, uint8 (H, W, 3) RGB or (H, W) grey."""
        # one converter for all frames: setting it up costs more than a conversion
        wanted = self._deep or ("gray" if self.grey else "rgb24")
        pixels = self._reformatter.reformat(frame, format=wanted, threads=1).to_ndarray()
        if self._deep:
            pixels = to_8_bits(pixels, self._bits)
        # the rotation is counter-clockwise, as phones write it
        return np.ascontiguousarray(np.rot90(pixels, frame.rotation // 90))

    def slots(self) -> np.ndarray:
        """Indices (samples,) of all frames that the file stores, in the order of display."""
        with self._open() as (container, stream):
            return self.clock.slots(packet_times(container, stream))

    def _placed(
        self, decoded: Iterator[tuple[av.VideoFrame, bool]], stream: av.VideoStream
    ) -> Iterator[tuple[int, int, av.VideoFrame]]:
        """Yield (first index, one past the last index, frame) for every frame that is shown."""
        ticker = Ticker(self.clock)
        hold = self.clock.kind == "variable"
        held: av.VideoFrame | None = None
        place = 0
        for frame, broken in decoded:
            time = None if frame.pts is None else frame.pts * float(stream.time_base)
            slot = ticker.slot(time)
            if held is not None and slot > place:
                yield place, slot if hold and not broken else place + 1, held
            held, place = frame, slot
        if held is not None:
            yield place, place + 1, held

    def _tell(self) -> None:
        clock = self.clock
        if clock.kind == "counted":
            text = "%s: variable frame rate, overruled by the given %.6g per second: frame by frame"
            log.info(text, self._path, clock.fps)
        else:
            text = "%s: variable frame rate, %d frames put on a grid of %d at %.6g per second"
            log.info(text, self._path, clock.samples, clock.frames, clock.fps)

    def _brightest_bits(self) -> int:
        brightest = 0
        with self._open() as (container, stream):
            for count, (frame, _) in enumerate(_decode(container, stream, Damage()), 1):
                brightest = max(brightest, int(frame.to_ndarray(format=self._deep).max()))
                if count == _SAMPLED:
                    break
        return significant_bits(brightest)

    @contextlib.contextmanager
    def _open(
        self, threads: int = 1
    ) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
        container, stream = open_container(self._path)
        if threads > 1:
            # whole frames side by side: they come out in order, errors too, a few frames later
            stream.codec_context.thread_count = threads
            stream.codec_context.thread_type = "FRAME"
        with container:
            yield container, stream


def file_clock(path: Path, fps: float | None = None) -> FrameClock:
    """Read frame rate and number of frames of a file as ``FileSource`` presents it.

    Nothing is decoded. Containers with a table of their frames (mp4, mov, avi) are not read beyond
    it, unless the rate varies; of others the packets are counted.

    Raises:
        MespotError: no readable video, no frames, or no frame rate.
    """
    container, stream = open_container(path)
    with container:
        return read_clock(path, container, stream, fps)[0]


def read_clock(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream, fps: float | None
) -> tuple[FrameClock, bool]:
    """Read the clock of an open file, see ``file_clock``, and whether that took its packets."""
    declared = [float(rate) for rate in (stream.guessed_rate, stream.average_rate) if rate]
    times = sample_table(stream)
    clock = None if times is None or not len(times) else make_clock(times, declared, fps)
    consumed = clock is None or clock.kind != "constant"
    if consumed:
        times = packet_times(container, stream)
        if not len(times):
            raise MespotError(f"{path}: found no frame that can be decoded, expected a video")
        clock = make_clock(times, declared, fps)
    if clock is None:
        raise MespotError(f"{path}: the file has no frame rate, expected --fps")
    return clock, consumed


def _stated_seconds(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    """Length by the header of a file whose frames are not in a table; 0 where it says nothing."""
    if stream.frames or len(container.streams) > 1 or container.duration is None:
        return 0.0
    return container.duration / av.time_base


def _decode(
    container: av.container.InputContainer, stream: av.VideoStream, damage: Damage
) -> Iterator[tuple[av.VideoFrame, bool]]:
    """Yield sound frames, and whether damage lies between this one and the one before."""
    packets = container.demux(stream)
    broken = waiting = False
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except StopIteration:
            return
        except (av.error.FFmpegError, OSError) as error:
            damage.error = damage.error or str(error.strerror)
            if not isinstance(error, av.error.InvalidDataError):
                return
            broken = waiting = True
            continue
        for frame in frames:
            waiting = waiting and not frame.key_frame
            if waiting or frame.is_corrupt:
                broken = True
                continue
            damage.decoded += 1
            yield frame, broken
            broken = False
