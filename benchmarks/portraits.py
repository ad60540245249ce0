"""Portraits from a folder, and the ways in which benchmarks record them.

Pictures are only read: nothing of them is kept.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import simplejpeg

from mespot.core.errors import MespotError
from mespot.faces.detector import DlibDetector


@dataclass(frozen=True, eq=False)
class Portrait:
    """One picture.

    Attributes:
        name: of its file.
        pixels: (H, W, 3) uint8 RGB.
        landmarks: (68, 2) px.
    """

    name: str
    pixels: np.ndarray
    landmarks: np.ndarray


@dataclass(frozen=True)
class Look:
    """How a video of a portrait is recorded.

    Attributes:
        iod: inter-ocular distance in a frame, px.
        rates: frames per second of colour and of grey videos.
        skewed: fast rise and long release in place of raised cosines.
        codec: ``none``, ``jpeg`` (quality 75) or ``h264`` (crf 26).
    """

    iod: float = 64.0
    rates: tuple[float, float] = (30.0, 200.0)
    skewed: bool = False
    codec: str = "none"


VARIANTS = {
    "plain": Look(),
    "skewed": Look(skewed=True),
    "jpeg": Look(codec="jpeg"),
    "h264": Look(codec="h264"),
    "small": Look(iod=40.0),
    "large": Look(iod=110.0),
    "slow": Look(rates=(25.0, 100.0)),
    "fast": Look(rates=(60.0, 120.0)),
}


def load_portraits(folder: Path) -> list[Portrait]:
    """Read all pictures of a folder in which a face is found.

    Raises:
        MespotError: when there is none.
    """
    found = []
    for path in sorted(folder.iterdir()):
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None:
            continue
        faces = DlibDetector().detect(pixels[..., ::-1].copy())
        if faces:
            points = faces[0].landmarks.astype(np.float64)
            found.append(Portrait(path.name, pixels[..., ::-1].copy(), points))
    if not found:
        raise MespotError(f"{folder}: no picture with a face, expected one portrait at least")
    return found


def recorded(
    frames: Iterable[tuple[int, np.ndarray]], codec: str, fps: float, crf: int = 26
) -> Iterator[tuple[int, np.ndarray]]:
    """Pass frames through a lossy codec; ``crf`` is that of h264."""
    if codec == "none":
        yield from frames
    elif codec == "jpeg":
        for index, frame in frames:
            colour = "GRAY" if frame.ndim == 2 else "RGB"
            data = simplejpeg.encode_jpeg(
                np.atleast_3d(frame), quality=75, colorspace=colour,
                colorsubsampling="Gray" if frame.ndim == 2 else "420",
            )  # fmt: skip
            shown = simplejpeg.decode_jpeg(data, colorspace=colour)
            yield index, shown[..., 0] if frame.ndim == 2 else shown
    else:
        indices, file = [], io.BytesIO()
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=round(fps), options={"crf": str(crf)})
            for index, frame in frames:
                kind = "gray" if frame.ndim == 2 else "rgb24"
                if not indices:
                    stream.height, stream.width = (side // 2 * 2 for side in frame.shape[:2])
                    stream.pix_fmt = "yuv420p"
                picture = av.VideoFrame.from_ndarray(
                    np.ascontiguousarray(frame[: stream.height, : stream.width]), format=kind
                )
                container.mux(stream.encode(picture))
                indices.append(index)
            container.mux(stream.encode())
        file.seek(0)
        with av.open(file) as container:
            for index, picture in zip(indices, container.decode(video=0), strict=True):
                yield index, picture.to_ndarray(format=kind)
