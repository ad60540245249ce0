"""Small pictures of a video in one JPEG, to be shown under the pointer of a timeline."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from einops import rearrange

from mespot.params.report import PageParams

_AROUND = 0.3  # s before and after an interval that are shown as densely as the interval
_INSIDE = 0.5  # share of the pictures that intervals get at most


class Crops(Protocol):
    """Random access to the crops of a video, see ``mespot.crops.archive.CropReader``."""

    def __len__(self) -> int: ...

    def read(self, index: int, grey: bool = False) -> np.ndarray:
        """Return crop ``index``: uint8 (S, S, 3) RGB, or (S, S) where only grey is kept."""
        ...


@dataclass(frozen=True)
class Sprite:
    """Thumbnails side by side, row by row.

    Attributes:
        url: the JPEG as a data URL.
        time: (n,) s of each thumbnail, rising.
        size: width and height of a thumbnail, px.
        columns: thumbnails per row.
    """

    url: str
    time: np.ndarray
    size: int
    columns: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the page."""
        time = np.round(self.time, 3).tolist()
        return {"src": self.url, "time": time, "size": self.size, "columns": self.columns}


def choose_crops(time: np.ndarray, spans: np.ndarray, count: int) -> np.ndarray:
    """Choose crops: half of them evenly, half where something was found or should have been.

    A micro-expression in a long video would otherwise fall between two thumbnails.

    Args:
        time: (N,) s of every crop, rising.
        spans: (n, 2) begin and end of intervals, s.
        count: thumbnails at most.

    Returns:
        rising indices of crops, at most ``count``.
    """
    if len(time) <= count:
        return np.arange(len(time))
    inside = np.zeros(len(time), dtype=bool)
    for begin, end in spans:
        inside |= (time >= begin - _AROUND) & (time <= end + _AROUND)
    within = np.flatnonzero(inside)
    within = within[_evenly(len(within), int(count * _INSIDE))]
    return np.union1d(within, _evenly(len(time), count - len(within)))


def make_sprite(crops: Crops, time: np.ndarray, spans: np.ndarray, params: PageParams) -> Sprite:
    """Make the thumbnails of a video; the same crops give the same bytes.

    Args:
        crops: of the video.
        time: (N,) s of every crop.
        spans: (n, 2) begin and end of intervals, s.
        params: section ``report.page``.
    """
    chosen = choose_crops(np.asarray(time), np.asarray(spans).reshape(-1, 2), params.thumbnails)
    size = params.thumbnail_size
    columns = max(1, int(np.ceil(np.sqrt(len(chosen)))))
    rows = -(-len(chosen) // columns)
    cells = np.full((rows * columns, size, size, 3), 255, np.uint8)
    for place, index in enumerate(chosen.tolist()):
        cells[place] = shrink(crops.read(index), size)
    sheet = rearrange(cells, "(row column) y x colour -> (row y) (column x) colour", row=rows)
    return Sprite(jpeg_url(sheet, params.jpg_quality), np.asarray(time)[chosen], size, columns)


def shrink(crop: np.ndarray, size: int) -> np.ndarray:
    """Return an RGB or grey crop as (size, size, 3)."""
    small = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return small if small.ndim == 3 else cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)


def strip_url(pictures: Sequence[np.ndarray], quality: int) -> str:
    """Return RGB pictures of one height side by side as a data URL."""
    return jpeg_url(np.concatenate(list(pictures), axis=1), quality)


def jpeg_url(picture: np.ndarray, quality: int) -> str:
    """Return an RGB picture (H, W, 3) as a JPEG that an HTML page can hold."""
    done = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )[1]
    return "data:image/jpeg;base64," + base64.b64encode(done.tobytes()).decode("ascii")


def _evenly(total: int, count: int) -> np.ndarray:
    """At most ``count`` of the numbers below ``total``, evenly spread."""
    if total <= count:
        return np.arange(total)
    return np.unique(np.linspace(0, total - 1, max(count, 1)).round().astype(np.int64))
