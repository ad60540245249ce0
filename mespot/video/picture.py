"""One picture of a frame folder: jpg, png or bmp, told apart by content and read as 8 bits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from mespot.video.depth import significant_bits, to_8_bits
from mespot.video.folders import NoFrames

_JPG_START = b"\xff\xd8"
_TRIED = 20  # pictures looked at before a folder counts as unreadable
_SAMPLED = 8  # pictures of a folder that tell how many of 16 bits are in use


def folder_is_grey(folder: Path, names: list[str]) -> bool:
    """Tell from the first readable picture whether the frames of a folder have one channel.

    Grey pictures that are stored with three channels count as colour: nothing but decoding every
    frame could tell them from a colour video that begins without colour.

    Raises:
        NoFrames: when none of the first pictures can be decoded.
    """
    for name in names[:_TRIED]:
        try:
            content = (folder / name).read_bytes()
            if content.startswith(_JPG_START):
                return simplejpeg.decode_jpeg_header(content)[2].lower() == "gray"
        except (OSError, ValueError):
            continue
        picture = _decode(content, cv2.IMREAD_UNCHANGED)
        if picture is not None:
            return picture.ndim == 2
    raise NoFrames(f"{folder}: the first pictures cannot be decoded, from {names[0]} on")


def folder_bits(folder: Path, names: list[str]) -> int:
    """Tell how many bits the pictures of a folder use; decided once, so that light is constant.

    Cameras store 10, 12 or 14 bits in 16-bit pictures, most of them without scaling. A few
    pictures over the whole folder are looked at, unless the first one has 8 bits.

    Returns:
        8, 10, 12, 14 or 16: the smallest that holds the brightest pixel seen.
    """
    places = np.unique(np.linspace(0, len(names) - 1, _SAMPLED).round().astype(int))
    brightest = 0
    for place in places:
        try:
            content = (folder / names[place]).read_bytes()
        except OSError:
            continue
        if content.startswith(_JPG_START):
            return 8
        picture = _decode(content, cv2.IMREAD_UNCHANGED)
        if picture is None:
            continue
        if picture.dtype == np.uint8:
            return 8
        brightest = max(brightest, int(picture[..., :3].max()))
    return significant_bits(brightest)


def read_picture(path: Path, grey: bool, bits: int = 16) -> np.ndarray | None:
    """Read one picture; ``None`` when it is broken.

    OpenCV fills a cut-off jpg with grey and says nothing, hence it never sees a jpg, whatever the
    name of the file says.

    Args:
        path: the file.
        grey: one channel instead of three.
        bits: of a 16-bit picture that are in use, see :func:`folder_bits`.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W) when ``grey``.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_JPG_START):
            frame = simplejpeg.decode_jpeg(content, colorspace="GRAY" if grey else "RGB")
            return frame[..., 0] if grey else frame
    except (OSError, ValueError):
        return None
    wanted = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR
    picture = _decode(content, wanted | cv2.IMREAD_ANYDEPTH)
    if picture is None:
        return None
    picture = to_8_bits(picture, bits)
    return picture if grey else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _decode(content: bytes, flags: int) -> np.ndarray | None:
    if not content:
        return None
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    return None if picture is None or picture.dtype not in (np.uint8, np.uint16) else picture
