"""What a data set holds: videos, events, repairs and faults, with the code that the index uses.

The index stops at the first fault; a census notes it and goes on, so that a half-finished download
or a sheet with one odd row can be judged as a whole. Folders are listed, no frame is opened.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.datasets.adapter import Adapter
from mespot.datasets.raw import RawEvent, RawVideo
from mespot.datasets.resolution import MISSING, NOT_RECORDED, resolve_rows
from mespot.params.data import DataParams
from mespot.tables.numbers import Numbering
from mespot.video.folders import NoFrames

_COLUMNS = ("subject", "video", "type", "onset", "offset", "seconds")


@dataclass
class Census:
    """Contents of one data set.

    Attributes:
        folder: of the data set.
        videos: as they lie on disk, each name once.
        rows: annotations as the sheets give them, with or without a video on disk.
        events: those that become events: ``subject, video, type, onset, offset`` (0-based
            inclusive frames) and ``seconds`` (length).
        annotated: whether the data set has annotations at all.
        missing: video that the sheets name and the disk lacks -> number of its rows.
        short: videos on disk with an event before their first or after their last frame.
        rules: name of a repair -> number of rows that it touched.
        dropped: reason for which rows do not become events, as ``dropped.csv`` names it -> one line
            per row; rows of ``missing`` are not among them.
        faults: one-line messages of what stops the index whatever the settings say.
        empty: one line per folder of frames that holds none, as an unfinished download leaves it.
        warnings: what the adapter warned of.
        surplus: folders that look like data but were not taken, and why.
        seconds: that listing the folders took.
    """

    folder: Path
    videos: list[RawVideo] = field(default_factory=list)
    rows: list[RawEvent] = field(default_factory=list)
    events: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_COLUMNS)))
    annotated: bool = True
    missing: dict[str, int] = field(default_factory=dict)
    short: set[str] = field(default_factory=set)
    rules: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    surplus: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def subjects(self) -> list[str]:
        """Subjects with at least one video on disk, sorted."""
        return sorted({video.subject for video in self.videos})

    @property
    def frames(self) -> int:
        """Frames of all videos whose number of frames is known."""
        return sum(len(video.numbers) for video in self.videos if video.numbers is not None)

    def rows_of(self, kind: str) -> int:
        """Rows of one type in the sheets, with or without a video on disk."""
        return sum(row.type == kind for row in self.rows)


def take_census(tool: Adapter, folder: Path, params: DataParams) -> Census:
    """List videos, read sheets, and try every repair.

    Args:
        tool: adapter of the data set.
        folder: of the data set, which must exist.
        params: section ``data``.

    Returns:
        the census; faults are in it, none is raised.
    """
    census = Census(folder=folder, annotated=tool.events is not None)
    with _warnings() as census.warnings:
        _take(tool, folder, params, census)
    return census


def _take(tool: Adapter, folder: Path, params: DataParams, census: Census) -> None:
    begin = time.perf_counter()
    listed = True
    try:
        census.videos = _once_each(_listed(tool, folder, params, census), census.faults)
    except MespotError as error:
        census.faults.append(str(error))
        listed = False
    census.seconds = time.perf_counter() - begin
    if listed and not census.videos:
        census.faults.append(f"{folder}: found no video, expected the layout that README.md shows")
    if tool.surplus is not None:
        try:
            census.surplus = list(tool.surplus(folder, params))
        except MespotError as error:
            census.faults.append(str(error))
    if tool.events is None:
        return
    try:
        census.rows = tool.events(folder, census.videos, params)
    except MespotError as error:
        census.faults.append(str(error))
        return
    if listed:
        _settle(census)


def _listed(tool: Adapter, folder: Path, params: DataParams, census: Census) -> list[RawVideo]:
    """List the videos, those of empty folders left out as ``data.allow_missing`` does it."""
    try:
        return tool.videos(folder, params.model_copy(update={"allow_missing": False}))
    except NoFrames:
        with _warnings() as lines:
            found = tool.videos(folder, params.model_copy(update={"allow_missing": True}))
        census.empty = lines
        census.warnings[:] = [line for line in census.warnings if line not in lines]
        return found


@contextlib.contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what adapters warn of, instead of showing a log line each."""
    lines: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("mespot.datasets")
    passed = log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.propagate = passed


def _once_each(videos: list[RawVideo], faults: list[str]) -> list[RawVideo]:
    """Keep the first video of each name; a second one is a fault, as in the index."""
    seen: dict[str, RawVideo] = {}
    for video in videos:
        if video.video in seen:
            faults.append(
                f"{video.path}: video {video.video} lies also in {seen[video.video].path}, "
                "expected one folder"
            )
        else:
            seen[video.video] = video
    return sorted(seen.values(), key=lambda video: (video.subject, video.video))


def _settle(census: Census) -> None:
    """Turn the rows into events, and count what happens on the way."""
    known = {video.video: video for video in census.videos}
    events, left = resolve_rows(
        census.rows, {name: _numbering(video) for name, video in known.items()}
    )
    missing: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    dropped: dict[str, list[str]] = defaultdict(list)
    for one in left:
        row = one.row
        if one.reason == MISSING and not row.dropped:
            missing[row.video] += 1
            continue
        where = f"{row.source}: row {row.row}, {row.video}"
        dropped[one.reason].append(where if one.error is None else str(one.error))
        if one.reason == NOT_RECORDED and one.error is not None and _numbering(known[row.video])[1]:
            census.short.add(row.video)
    table = []
    for row, found in events:
        rules.update(filter(None, str(found["rule"]).split(";")))
        length = int(found["offset"]) - int(found["onset"]) + 1
        table.append(
            {
                "subject": known[row.video].subject,
                "video": row.video,
                "type": row.type,
                "onset": found["onset"],
                "offset": found["offset"],
                "seconds": length / known[row.video].fps,
            }
        )
    census.missing = dict(sorted(missing.items()))
    census.rules = dict(sorted(rules.items()))
    census.dropped = dict(sorted(dropped.items()))
    events = pd.DataFrame(table, columns=list(_COLUMNS))
    census.events = events.astype({"onset": np.int64, "offset": np.int64, "seconds": float})


def _numbering(video: RawVideo) -> tuple[Numbering, int]:
    numbers = [] if video.numbers is None else video.numbers
    return Numbering.of(numbers) if len(numbers) else Numbering.parse(0, ""), len(numbers)
