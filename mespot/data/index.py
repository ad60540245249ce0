"""The index: ``videos.csv`` and ``events.csv`` of one data set."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.data.adapter import adapter
from mespot.data.numbers import Numbering
from mespot.data.raw import RawEvent, RawVideo
from mespot.data.repair import resolve
from mespot.errors import MespotError
from mespot.files import write_csv
from mespot.params.data import DataParams

log = logging.getLogger(__name__)
VIDEO_COLUMNS = (
    "subject", "video", "path", "kind", "fps", "frames", "first", "gaps", "grey",
    "fingerprint",
)  # fmt: skip
EVENT_COLUMNS = (
    "subject", "video", "onset", "apex", "offset", "type",
    "official_onset", "official_apex", "official_offset", "source", "row", "rule",
)  # fmt: skip


def build_index(
    dataset: str, root: str | Path, out_dir: str | Path, params: DataParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Index a data set and write both tables.

    Args:
        dataset: key of ``mespot.data.adapter.ADAPTERS``.
        root: data root; the data set lies in the folder of that name below it.
        out_dir: folder for ``videos.csv`` and ``events.csv``.
        params: section ``data``.

    Returns:
        videos, events; columns in docs/design.md.

    Raises:
        MespotError: missing folder, sheet or column, a faulty cell, an event without video.
    """
    tool = adapter(dataset)
    root = Path(root)
    folder = root / dataset
    if not folder.is_dir():
        raise MespotError(f"{folder}: not found, expected the folder of data set {dataset}")
    raw_videos = tool.videos(folder, params)
    if not raw_videos:
        raise MespotError(f"{folder}: found no video, expected the official layout of {dataset}")
    videos = _video_table(raw_videos, root)
    events = _event_table(tool.events(folder, raw_videos, params), videos, folder)
    write_csv(Path(out_dir) / "videos.csv", videos)
    write_csv(Path(out_dir) / "events.csv", events)
    repaired = events.loc[events["rule"] != "", "rule"].str.split(";").explode().value_counts()
    for rule, count in sorted(repaired.items()):
        log.info("%s: rule %s touched %d events", dataset, rule, count)
    return videos, events


def _video_table(raw: list[RawVideo], root: Path) -> pd.DataFrame:
    rows, seen = [], {}
    for video in raw:
        if video.video in seen:
            raise MespotError(
                f"{video.path}: video {video.video} lies also in {seen[video.video]}, "
                "expected one folder"
            )
        seen[video.video] = video.path
        numbering = Numbering.of(video.numbers)
        rows.append(
            {
                "subject": video.subject,
                "video": video.video,
                "path": video.path.relative_to(root).as_posix(),
                "kind": video.kind,
                "fps": float(video.fps),
                "frames": len(video.numbers),
                "first": numbering.first,
                "gaps": numbering.text,
                "grey": bool(video.grey),
                "fingerprint": _fingerprint(video),
            }
        )
    table = pd.DataFrame(rows, columns=list(VIDEO_COLUMNS))
    return table.sort_values(["subject", "video"], ignore_index=True)


def _fingerprint(video: RawVideo) -> str:
    """Hash what tells two versions of a raw video apart without reading its frames.

    A folder: all frame numbers and the sizes of the first, middle and last file; a file: its size.
    """
    digest = hashlib.sha256(np.asarray(video.numbers, dtype=np.int64).tobytes())
    files = [video.path]
    if video.kind == "folder":
        names = sorted(os.listdir(video.path))
        files = [video.path / names[place] for place in (0, len(names) // 2, -1)]
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


def _event_table(raw: list[RawEvent], videos: pd.DataFrame, folder: Path) -> pd.DataFrame:
    known = {row.video: row for row in videos.itertuples()}
    numbering = {name: Numbering.parse(row.first, row.gaps) for name, row in known.items()}
    rows: dict[tuple, dict[str, object]] = {}
    for event in raw:
        if event.video not in known:
            raise MespotError(
                f"{event.source}: row {event.row}: found an event of video {event.video}, "
                f"expected a folder of that video in {folder}"
            )
        video = known[event.video]
        resolved = resolve(event, numbering[event.video], int(video.frames))
        key = (event.video, event.type, resolved["onset"], resolved["offset"])
        if key in rows:
            rules = [*str(rows[key]["rule"]).split(";"), "duplicate_dropped"]
            rows[key]["rule"] = ";".join(dict.fromkeys(filter(None, rules)))
            continue
        rows[key] = {
            "subject": video.subject,
            "video": event.video,
            **resolved,
            "type": event.type,
            "official_onset": event.onset,
            "official_apex": -1.0 if event.apex is None else event.apex,
            "official_offset": event.offset,
            "source": event.source,
            "row": event.row,
        }
    table = pd.DataFrame(list(rows.values()), columns=list(EVENT_COLUMNS))
    for name in ("official_onset", "official_apex", "official_offset"):
        # whole numbers stay integers: float formatting would round large camera counters
        if (table[name] == table[name].round()).all():
            table[name] = table[name].astype("int64")
    order = ["subject", "video", "onset", "offset", "type", "row"]
    return table.sort_values(order, ignore_index=True)
