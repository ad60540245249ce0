"""The index: ``videos.csv``, ``events.csv`` and ``dropped.csv`` of one data set."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.files import write_csv
from mespot.datasets.adapter import Adapter, adapter
from mespot.datasets.raw import RawEvent, RawVideo
from mespot.datasets.resolution import MISSING, NOT_RECORDED, LeftOut, resolve_rows
from mespot.params.data import DataParams
from mespot.tables.columns import DROPPED_COLUMNS, EVENT_COLUMNS, VIDEO_COLUMNS
from mespot.tables.numbers import Numbering

log = logging.getLogger(__name__)
_PART = 20_000  # videos that are described at a time
_SHOWN = 10  # surplus folders that are logged one by one


def build_index(
    dataset: str, root: str | Path, out_dir: str | Path, params: DataParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Index a data set and write its tables.

    A data set without annotations has an ``events.csv`` without rows. ``dropped.csv`` holds every
    row of the sheets that did not become an event, with the reason.

    Args:
        dataset: name that ``mespot.datasets.adapter.adapter`` knows.
        root: data root; the data set lies in the folder of that name below it.
        out_dir: folder for the tables.
        params: section ``data``.

    Returns:
        videos, events; columns in docs/design.md.

    Raises:
        MespotError: missing folder, sheet or column, a faulty cell, an event without video.
    """
    root = Path(root)
    folder = root / dataset
    tool = adapter(dataset, folder)
    if not folder.is_dir():
        raise MespotError(f"{folder}: not found, expected the folder of data set {dataset}")
    raw_videos = tool.videos(folder, params)
    if not raw_videos:
        raise MespotError(f"{folder}: found no video, expected the official layout of {dataset}")
    videos = _video_table(raw_videos, root)
    raw_events = tool.events(folder, raw_videos, params) if tool.events else []
    events, dropped = _event_tables(raw_events, videos, folder, params)
    write_csv(Path(out_dir) / "videos.csv", videos)
    write_csv(Path(out_dir) / "events.csv", events)
    write_csv(Path(out_dir) / "dropped.csv", dropped)
    _tell(dataset, tool, folder, params, events, dropped)
    return videos, events


def _tell(
    dataset: str,
    tool: Adapter,
    folder: Path,
    params: DataParams,
    events: pd.DataFrame,
    dropped: pd.DataFrame,
) -> None:
    """Log every rule, every reason and every folder that was left out."""
    repaired = events.loc[events["rule"] != "", "rule"].str.split(";").explode().value_counts()
    for rule, count in sorted(repaired.items()):
        log.info("%s: rule %s touched %d events", dataset, rule, count)
    for reason, count in sorted(dropped["reason"].value_counts().items()):
        log.warning("%s: %d rows left out (%s), see dropped.csv", dataset, count, reason)
    surplus = tool.surplus(folder, params) if tool.surplus else []
    for path, why in surplus[:_SHOWN]:
        log.warning("%s: folder %s is not taken: %s", dataset, path, why)
    if len(surplus) > _SHOWN:
        log.warning("%s: %d more folders are not taken", dataset, len(surplus) - _SHOWN)


def _video_table(raw: Sequence[RawVideo], root: Path) -> pd.DataFrame:
    # part by part: rows of a million clips as Python objects would take a gigabyte
    parts = [
        pd.DataFrame(
            [_video_row(raw[place], root) for place in range(start, min(start + _PART, len(raw)))],
            columns=list(VIDEO_COLUMNS),
        )
        for start in range(0, len(raw), _PART)
    ]
    table = pd.concat(parts, ignore_index=True)
    twice = np.flatnonzero(table["video"].duplicated())
    if twice.size:
        second = raw[int(twice[0])]
        first = raw[int(np.flatnonzero(table["video"] == second.video)[0])]
        raise MespotError(
            f"{second.path}: video {second.video} lies also in {first.path}, expected one of them"
        )
    return table.sort_values(["subject", "video"], ignore_index=True)


def _video_row(video: RawVideo, root: Path) -> tuple:
    frames, first, gaps = 0, 0, ""
    if video.numbers is not None:
        numbering = Numbering.of(video.numbers)
        frames, first, gaps = len(video.numbers), numbering.first, numbering.text
    path = video.path.relative_to(root).as_posix()
    return (
        video.subject, video.video, path, video.kind, float(video.fps), frames, first, gaps,
        bool(video.grey), _fingerprint(video),
    )  # fmt: skip


def _fingerprint(video: RawVideo) -> str:
    """Hash what tells two versions of a raw video apart without reading its frames.

    A folder: all frame numbers and the sizes of the first, middle and last frame; a file: its size.
    """
    digest = hashlib.sha256()
    if video.numbers is not None:
        digest.update(np.asarray(video.numbers, dtype=np.int64).tobytes())
    for file in [video.path / name for name in video.sample] or [video.path]:
        try:
            size = file.stat().st_size
        except OSError as error:
            raise MespotError(f"{file}: cannot be read ({error.strerror})") from error
        digest.update(f"{file.name} {size}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _event_tables(
    raw: list[RawEvent], videos: pd.DataFrame, folder: Path, params: DataParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events.csv and dropped.csv."""
    annotated = videos["video"].isin({event.video for event in raw})
    known = {row.video: row for row in videos[annotated].itertuples()}
    resolved, left = resolve_rows(
        raw,
        {
            name: (Numbering.parse(row.first, row.gaps), int(row.frames))
            for name, row in known.items()
        },
    )
    dropped = []
    for one in left:
        _check_allowed(one, folder, params)
        onset, _, offset = one.row.official
        dropped.append(
            (one.row.source, one.row.row, one.row.video, onset, offset, one.row.type, one.reason)
        )
    rows = []
    for event, found in resolved:
        onset, apex, offset = event.official
        rows.append(
            {
                "subject": known[event.video].subject,
                "video": event.video,
                **found,
                "type": event.type,
                "official_onset": onset,
                "official_apex": -1.0 if apex is None else apex,
                "official_offset": offset,
                "source": event.source,
                "row": event.row,
            }
        )
    events = _integers(pd.DataFrame(rows, columns=list(EVENT_COLUMNS)))
    order = ["subject", "video", "onset", "offset", "type", "source", "row"]
    table = _integers(pd.DataFrame(dropped, columns=list(DROPPED_COLUMNS)))
    return (
        events.sort_values(order, ignore_index=True),
        table.sort_values(["source", "row"], ignore_index=True),
    )


def _check_allowed(left: LeftOut, folder: Path, params: DataParams) -> None:
    """Raise where a row may not be left out, with the setting that would allow it."""
    event, error = left.row, left.error
    if left.reason == MISSING and not params.allow_missing:
        raise MespotError(
            f"{event.source}: row {event.row}: found an event of video {event.video}, expected a "
            f"folder of that video in {folder} (data.allow_missing: true leaves its events out)"
        )
    if error is None:
        return
    if left.reason == NOT_RECORDED:
        allowed, setting = params.allow_missing, "data.allow_missing: true"
    else:
        allowed, setting = params.faulty_rows == "drop", "data.faulty_rows: drop"
    if not allowed:
        raise MespotError(f"{error} ({setting} leaves the row out)") from error


def _integers(table: pd.DataFrame) -> pd.DataFrame:
    """Keep whole numbers integers: float formatting would round large camera counters."""
    for name in ("official_onset", "official_apex", "official_offset"):
        if name in table and (table[name] == table[name].round()).all():
            table[name] = table[name].astype("int64")
    return table
