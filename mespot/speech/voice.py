"""Voice activity of a video, one value per frame."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mespot.speech.detector import Detector, SileroDetector
from mespot.speech.sound import RATE, SoundTrack, read_sound
from mespot.video.container import open_container, packet_times
from mespot.video.file_source import read_clock

log = logging.getLogger(__name__)
_LEAST = 0.5  # share of the video that the sound must cover
_SILENT = 1e-4  # peak of a track that was recorded without a microphone; the last bit of 16 is 3e-5


def voice_activity(
    path: str | Path, fps: float, frames: int, detector: Detector | None = None
) -> np.ndarray | None:
    """Tell at which frames of a video somebody's voice is heard.

    Whose voice it is remains open: a speaker out of the picture counts, too. Whispering and lips
    that move without a voice do not. Music and noise seldom do.

    Args:
        path: video file or folder of frames.
        fps: frames per second as ``open_frames`` presents the video.
        frames: number of frames.
        detector: a ``SileroDetector`` that the process keeps, unless given.

    Returns:
        float32 (frames,) probability of voice in [0, 1], 0 where the sound has a pause; ``None``
        where sound tells nothing: there is none, it is digital silence throughout, or (with one
        warning) it is broken or covers less than half of the video. The values are those of the
        windows (32 ms) about the frame, so they drop between words: take the maximum over about
        0.4 s for stretches of speech.
    """
    track = read_sound(path)
    if track is None or frames < 1:
        return None
    try:
        detector = detector or _kept_detector()
    except (ImportError, OSError, RuntimeError) as error:
        log.warning("%s: sound is not used, the voice detector cannot be loaded (%s)", path, error)
        return None
    times = _frame_times(Path(path), fps, frames)
    seconds = float(times[-1]) + 1.0 / fps
    chances, loudest = _judge(track, seconds, detector)
    if track.heard < _LEAST * seconds:
        why = f" ({track.error})" if track.error else ""
        text = "%s: sound is not used, found %.1f s of it for %.1f s of video%s"
        log.warning(text, path, track.heard, seconds, why)
        return None
    if track.broken:
        text = "%s: %d packets of the sound cannot be decoded (%s), taken as silence"
        log.warning(text, path, track.broken, track.error)
    if loudest < _SILENT:
        log.info("%s: the sound track is silent throughout, it is not used", path)
        return None
    middles = (np.arange(len(chances)) + 0.5) * detector.window / RATE
    heard = np.interp(times, middles, chances, right=0.0)
    return np.clip(heard, 0.0, 1.0).astype(np.float32)


def hear(path: str, fps: float, frames: int) -> tuple[np.ndarray | None, float]:
    """Return ``voice_activity``, to be called in another process, and the CPU time it took, s."""
    start = time.thread_time()
    return voice_activity(path, fps, frames), time.thread_time() - start


@functools.cache
def _kept_detector() -> Detector:
    return SileroDetector()


def _judge(track: SoundTrack, seconds: float, detector: Detector) -> tuple[np.ndarray, float]:
    """Return the probability of voice of every window, (n,), and the largest absolute sample."""
    detector.reset()
    chances, loudest = [], 0.0
    for window in _windows(track.blocks(seconds), detector.window):
        loudest = max(loudest, float(np.abs(window).max()))
        chances.append(detector.voice(window))
    return np.array(chances or [0.0]), loudest


def _windows(blocks: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Cut blocks of any length into windows (size,); silence fills up the last one."""
    rest = np.zeros(0, dtype=np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) // size * size
        yield from rest[:whole].reshape(-1, size)
        rest = rest[whole:]
    if rest.size:
        yield np.pad(rest, (0, size - rest.size))


def _frame_times(path: Path, fps: float, frames: int) -> np.ndarray:
    """Times (frames,) in the file's own seconds after its first frame.

    They are ``index / fps`` unless the user overrules the rate of the file, as for slow motion.
    """
    container, stream = open_container(path)
    with container:
        clock, _ = read_clock(path, container, stream, fps)
    if clock.kind != "counted":
        return np.arange(frames) / clock.rate
    container, stream = open_container(path)
    with container:
        shown = packet_times(container, stream)
    shown = shown - shown[0]
    return np.interp(np.arange(frames), np.arange(len(shown)), shown)
