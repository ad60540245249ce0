"""Small videos written with PyAV in which every frame carries its number as a grey level."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FIRST, STEP = 20, 4  # grey level of frame 0, and from one frame to the next; 48 frames at most
TICK = Fraction(1, 90000)


def levels(count: int) -> np.ndarray:
    return FIRST + STEP * np.arange(count)


def numbers(frames) -> list[int]:
    """Read the numbers back from decoded frames."""
    return [round((float(np.median(frame)) - FIRST) / STEP) for frame in frames]


def write_video(
    path: Path,
    count: int = 48,
    times=None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size=(48, 64),
    noise: int = 0,
    keys: int = 12,
) -> Path:
    """Write numbered frames, (H, W) = size, 25 per second or at ``times`` (s)."""
    rng = np.random.default_rng(0)
    options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    times = np.arange(count) / 25 if times is None else times
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = size
        stream.pix_fmt = pixels
        stream.codec_context.gop_size = keys
        if path.suffix != ".avi":
            stream.codec_context.time_base = Fraction(1, 25) if codec == "mpeg4" else TICK
        for index, time in enumerate(times):
            grain = rng.integers(0, noise + 1, (*size, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(
                np.uint8(FIRST + STEP * index) - np.uint8(noise // 2) + grain, format="rgb24"
            )
            frame.pts, frame.time_base = round(float(time) / TICK), TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_deep(path: Path, arrays, pixels: str) -> Path:
    """Write uint16 (H, W) frames without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width = arrays[0].shape
        stream.pix_fmt = pixels
        for array in arrays:
            frame = av.VideoFrame.from_ndarray(array, format="gray16le")
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode())
    return path


def cut_copy(source: Path, target: Path, seconds: float) -> Path:
    """Cut the beginning off without coding anew: an edit list hides frames that others need."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        start = int(seconds / stream.time_base)
        old.seek(start, stream=stream)
        for packet in old.demux(stream):
            if packet.size:
                packet.pts, packet.dts = packet.pts - start, packet.dts - start
                packet.stream = copy
                new.mux(packet)
    return target


def turn(path: Path, degrees: int) -> Path:
    """Ask for a clockwise rotation on display, in the header of an mp4."""
    one = 1 << 16
    cos, sin = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # display matrix of the track header
    assert struct.unpack_from(">3i", data, place) == (one, 0, 0)
    struct.pack_into(">9i", data, place, cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def picture(value: int, height: int = 32, width: int = 48) -> np.ndarray:
    frame = np.full((height, width, 3), value, np.uint8)
    frame[: height // 2, : width // 2] = (250, 20, 20)  # red corner: tells RGB from BGR and turns
    return frame


def brightness(frame: np.ndarray) -> float:
    return float(frame[-8:, -8:].mean())
