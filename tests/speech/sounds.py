"""Small videos with sound, written with PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_talkie(
    path: Path,
    sounds: list[tuple[float, np.ndarray]],
    seconds: float = 2.0,
    fps: int = 25,
    video_start: float = 0.0,
    rate: int = 16_000,
    channels: int = 1,
    times=None,
    codec: str = "pcm_s16le",
) -> Path:
    """Write grey frames and (begin s, samples in [-1, 1]) pieces of sound; mkv keeps all times."""
    tick = Fraction(1, 1000)
    times = np.arange(round(seconds * fps)) / fps if times is None else times
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=fps)
        video.width, video.height, video.pix_fmt = 48, 32, "yuv420p"
        video.codec_context.time_base = tick
        layout = "stereo" if channels == 2 else "mono"
        audio = container.add_stream(codec, rate=rate, layout=layout) if sounds else None
        for index, time in enumerate(times):
            pixels = np.full((32, 48, 3), 20 + index % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round((video_start + float(time)) * 1000), tick
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for begin, samples in sounds:
            for at in range(0, len(samples), 400):
                piece = np.repeat(samples[at : at + 400], channels)  # packed
                packed = np.round(piece * 32767).astype(np.int16)[None]
                frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
                frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = round(begin * rate) + at
                container.mux(audio.encode(frame))
        if audio is not None:
            container.mux(audio.encode())
    return path


def tone(seconds: float, rate: int = 16_000, height: float = 0.5) -> np.ndarray:
    return height * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def hush(seconds: float, rate: int = 16_000) -> np.ndarray:
    """Quiet noise: a microphone that hears nothing."""
    return 0.003 * np.random.default_rng(0).standard_normal(round(seconds * rate))
