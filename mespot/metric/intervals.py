"""Intervals of many videos as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.events import TYPES


@dataclass(frozen=True)
class Intervals:
    """Intervals of many videos, one row each.

    Attributes:
        video: (n,) index into the list of videos.
        onset: (n,) first frame.
        offset: (n,) last frame, inclusive; ``onset - 1`` for an event without an offset.
        type: (n,) index into ``mespot.core.events.TYPES``; all 0 in type-blind mode.
        score: (n,) higher is better; all 1 where the source has none.
    """

    video: np.ndarray
    onset: np.ndarray
    offset: np.ndarray
    type: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return self.video.size

    def take(self, rows: np.ndarray) -> Intervals:
        """Return some of the rows."""
        return Intervals(
            self.video[rows],
            self.onset[rows],
            self.offset[rows],
            self.type[rows],
            self.score[rows],
        )


def index_videos(videos: Sequence[str]) -> dict[str, int]:
    """Map the names of the full list of videos to their positions.

    Raises:
        MespotError: a name stands in the list twice.
    """
    index: dict[str, int] = {}
    for name in map(str, videos):
        if name in index:
            raise MespotError(f"list of videos: {name!r} is listed twice, expected once")
        index[name] = len(index)
    return index


def read_intervals(
    table: Mapping[str, Any] | Any, index: Mapping[str, int], typed: bool, what: str
) -> Intervals:
    """Take the columns of a table.

    Args:
        table: DataFrame or dict of arrays with ``video``, ``onset``, ``offset``, ``type`` and
            possibly ``score``.
        index: position of each video name, see ``index_videos``.
        typed: read ``type``; without it every row gets type 0.
        what: ``truth`` or ``predictions``, for messages.

    Raises:
        MespotError: a video outside the list, an unknown type, an offset before its onset.
    """
    onset = np.asarray(table["onset"], dtype=np.float64).reshape(-1)
    offset = np.asarray(table["offset"], dtype=np.float64).reshape(-1)
    # an event of no frame at all is one whose offset nobody annotated: nothing can hit it
    reversed_rows = np.flatnonzero(~(offset >= onset - (what == "truth")))
    if reversed_rows.size:
        row = int(reversed_rows[0])
        raise MespotError(
            f"{what}: row {row}: offset {offset[row]:g} and onset {onset[row]:g}, "
            "expected onset <= offset"
        )
    score = (
        np.asarray(table["score"], dtype=np.float64) if "score" in table else np.ones(len(onset))
    )
    return Intervals(
        video=_video_codes(np.asarray(table["video"]), index, what),
        onset=onset,
        offset=offset,
        type=_type_codes(np.asarray(table["type"]), what)
        if typed
        else np.zeros(len(onset), dtype=np.int64),
        score=score,
    )


def _video_codes(names: np.ndarray, index: Mapping[str, int], what: str) -> np.ndarray:
    try:
        return np.fromiter((index[str(name)] for name in names.tolist()), np.int64, names.size)
    except KeyError as error:
        raise MespotError(
            f"{what}: video {error.args[0]!r} is not in the list of {len(index)} videos"
        ) from None


def _type_codes(types: np.ndarray, what: str) -> np.ndarray:
    codes = np.full(types.size, -1, dtype=np.int64)
    for code, name in enumerate(TYPES):
        codes[types == name] = code
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        raise MespotError(f"{what}: row {row}, type: found {types[row]!r}, expected me or mae")
    return codes
