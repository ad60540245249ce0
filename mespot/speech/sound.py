"""The sound track of a video file, streamed with PyAV: mono at 16 kHz on the video's own time.

Sample 0 lies at the time of the first frame that is shown, as index 0 of the frames does (see
:mod:`mespot.video.clock`): a track that begins later starts with silence, what comes before the
first frame is left out. Pauses in the track (lost packets, late starts) are silence, so that what
follows stays in time. Memory holds one packet, however long the video is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from mespot.core.errors import MespotError
from mespot.video.container import open_container

log = logging.getLogger(__name__)
RATE = 16_000  # Hz, what voice detectors are trained on
_LEAP = 0.05  # s by which a frame of sound may miss its place before it is put there
_CUT = 10.0  # s; a larger leap is a broken time stamp, and the frame follows the one before
_PIECE = RATE  # samples of silence at a time


class SoundTrack:
    """Sound of a video file, see ``read_sound``.

    Attributes:
        heard: s of sound that ``blocks`` has read so far, silence in pauses not counted.
        broken: packets that could not be decoded so far.
        error: the first error; empty without one.
    """

    def __init__(self, path: Path, origin: float) -> None:
        self._path, self._origin = path, origin
        self.heard, self.broken, self.error = 0.0, 0, ""

    def blocks(self, seconds: float) -> Iterator[np.ndarray]:
        """Yield the sound from the first frame on: float32 (n,) in [-1, 1], n varies.

        Args:
            seconds: where to stop, s; the track may end before.
        """
        end, place = round(seconds * RATE), 0
        for start, samples in self._readable():
            if start >= end:
                return
            while place < start:
                size = min(start - place, _PIECE)
                yield np.zeros(size, dtype=np.float32)
                place += size
            samples = samples[place - start : end - start]
            if samples.size:
                self.heard += samples.size / RATE
                place += samples.size
                yield samples

    def _readable(self) -> Iterator[tuple[int, np.ndarray]]:
        try:
            yield from self._placed()
        except (av.error.FFmpegError, ValueError) as error:  # what no resampler takes
            self.broken += 1
            self.error = self.error or str(error)

    def _placed(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (sample number of its begin, may be negative; samples) for every frame."""
        resampler: av.AudioResampler | None = None
        begin, passed, place, kind = 0.0, 0.0, 0, None  # of the run without leaps: s, s, samples
        for time, frame in self._decoded():
            own = (frame.format.name, frame.layout.name, frame.sample_rate)
            due = begin + passed
            time = due if time is None else time - self._origin
            leap = time - due
            follows = resampler is not None and (abs(leap) <= _LEAP or abs(leap) > _CUT)
            if not follows or own != kind:
                if resampler is not None:
                    yield from _numbered(resampler.resample(None), place)
                resampler, kind = _resampler(), own
                begin, passed = (due if follows else time), 0.0
                place = round(begin * RATE)
            passed += frame.samples / frame.sample_rate
            for start, samples in _numbered(resampler.resample(frame), place):
                place = start + samples.size
                yield start, samples
        if resampler is not None:
            yield from _numbered(resampler.resample(None), place)

    def _decoded(self) -> Iterator[tuple[float | None, av.AudioFrame]]:
        """Yield (time s of the file, frame) for all frames that can be decoded."""
        try:
            container, _ = open_container(self._path)
        except MespotError as error:
            self.error = self.error or str(error)
            return
        with container:
            stream = container.streams.best("audio") or container.streams.audio[0]
            if stream.codec_context is None:
                self.error = "no decoder for its format"
                return
            packets = container.demux(stream)
            while True:
                try:
                    frames = next(packets).decode()
                except StopIteration:
                    return
                except (av.error.FFmpegError, OSError) as error:
                    self.broken += 1
                    self.error = self.error or str(error.strerror)
                    if not isinstance(error, av.error.InvalidDataError):
                        return
                    continue
                for frame in frames:
                    time = None if frame.pts is None else float(frame.pts * frame.time_base)
                    frame.pts = None  # else the resampler has its own opinion about pauses
                    if frame.samples and frame.sample_rate:
                        yield time, frame


def read_sound(path: str | Path) -> SoundTrack | None:
    """Open the sound of a video.

    Args:
        path: video file or folder of frames.

    Returns:
        ``None`` for a folder and for a file without sound; also, with a warning, for a file that
        cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return None
    try:
        container, video = open_container(path)
    except MespotError as error:
        log.warning("%s: sound is not used", error)
        return None
    with container:
        if not container.streams.audio:
            return None
        return SoundTrack(path, _first_time(container, video))


def _first_time(container: av.container.InputContainer, video: av.VideoStream) -> float:
    """Time of the first frame that can be decoded, s; 0 where the file does not say."""
    packets = container.demux(video)
    while True:
        try:
            for frame in next(packets).decode():
                return 0.0 if frame.pts is None else float(frame.pts * frame.time_base)
        except StopIteration:
            return 0.0
        except av.error.InvalidDataError:
            continue
        except (av.error.FFmpegError, OSError):
            return 0.0


def _resampler() -> av.AudioResampler:
    # the mean of the channels; their sum would leave [-1, 1]
    return av.AudioResampler("flt", "mono", RATE, options={"rematrix_maxval": "1.0"})


def _numbered(frames: list[av.AudioFrame], place: int) -> Iterator[tuple[int, np.ndarray]]:
    for frame in frames:
        # as PyAV's own conversion gives it, at a fraction of the time; copied, the frame goes
        samples = np.frombuffer(frame.planes[0], np.float32, frame.samples).copy()  # (n,)
        yield place, samples
        place += samples.size
