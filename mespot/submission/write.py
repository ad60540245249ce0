"""Writing submission files from intervals in mespot's own frame numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.files import write_csv
from mespot.datasets.megc import part_of
from mespot.submission.format import HEADERS
from mespot.tables.numbers import Numbering


def write_submission(
    folder: str | os.PathLike[str],
    intervals: pd.DataFrame,
    videos: pd.DataFrame,
    header: int = 2023,
    part: Callable[[str], str] = part_of,
) -> dict[str, Path]:
    """Write ``<part>_pred.csv`` for every part that ``videos`` holds.

    A part without intervals gets a file with the header alone. Rows stand in the order of
    ``videos``, then by onset, offset and type: the same intervals give the same bytes.

    Args:
        folder: gets the files.
        intervals: columns ``video``, ``onset``, ``offset`` (0-based, inclusive), ``type``.
        videos: rows of videos.csv with ``video``, ``frames``, ``first``, ``gaps``.
        header: 2022 or 2023 (also 2024 and 2025).
        part: tells the part of a video; ``samm`` or ``cas`` for the challenges.

    Returns:
        part -> file.

    Raises:
        MespotError: an unknown header, an interval of an unlisted video or outside of its frames.
    """
    check_header(header)
    official = to_official(intervals, videos)
    parts = {name: part(name) for name in videos["video"]}
    owner = official["video"].map(parts)
    written = {}
    for name in dict.fromkeys(sorted(parts.values())):
        rows = official.loc[owner == name, ["video", "onset", "offset", "type"]]
        written[name] = Path(folder) / f"{name}_pred.csv"
        write_csv(written[name], rows.set_axis(list(HEADERS[header]), axis=1))
    return written


def check_header(header: int) -> None:
    """Refuse a header that no edition uses.

    Raises:
        MespotError: neither 2022 nor 2023.
    """
    if header not in HEADERS:
        raise MespotError(
            f"header {header} is unknown, expected one of {', '.join(map(str, HEADERS))}"
        )


def to_official(intervals: pd.DataFrame, videos: pd.DataFrame) -> pd.DataFrame:
    """Replace 0-based frames by official numbers.

    Args:
        intervals: columns ``video``, ``onset``, ``offset`` (0-based, inclusive), ``type``, and any
            others, which stay.
        videos: rows of videos.csv with ``video``, ``frames`` (0 = unknown), ``first``, ``gaps``.

    Returns:
        the rows in the order of ``videos``, then by onset, offset and type.

    Raises:
        MespotError: an interval of an unlisted video, or outside of its frames.
    """
    place = {name: index for index, name in enumerate(videos["video"])}
    order = intervals["video"].map(place)
    if order.isna().any():
        video = intervals["video"][order.isna()].iloc[0]
        raise MespotError(f"intervals: found video {video!r}, expected one of the {len(place)} "
                          "that are listed")  # fmt: skip
    ordered = intervals.assign(_place=order.astype("int64"))
    ordered = ordered.sort_values(["_place", "onset", "offset", "type"], ignore_index=True)
    numbers = {name: np.zeros(len(ordered), dtype=np.int64) for name in ("onset", "offset")}
    for at, group in ordered.groupby("_place"):
        video = videos.iloc[int(at)]
        last = int(group["offset"].max())
        if int(group["onset"].min()) < 0 or (video["frames"] and last >= video["frames"]):
            raise MespotError(
                f"intervals: video {video['video']}: found frames {int(group['onset'].min())} to "
                f"{last}, expected 0 to {int(video['frames']) - 1}"
            )
        numbering = Numbering.parse(int(video["first"]), str(video["gaps"]))
        for name, values in numbers.items():
            values[group.index] = numbering.to_number(group[name].to_numpy())
    return ordered.drop(columns="_place").assign(**numbers)
