"""Self-made data sets: a folder of videos with a table of events.

Any data set name that has no adapter of its own is one. Its folder holds, at any depth, video
files and folders of numbered frames, and at its top:

``events.csv`` (without it the set is unlabelled): columns ``vid,type`` and either
``onset,offset[,apex]`` in frames, as the input numbers them (files from 0, folders by the numbers
in their file names; both ends belong to the event), or ``onset_s,offset_s[,apex_s]`` in seconds
from the first frame or as ``hh:mm:ss.mmm``, as annotation programs export them; each time takes
the frame nearest to it (rule ``seconds_to_frames``). ``type`` is ``me`` or ``mae`` (``micro``,
``macro`` and ``...-expression`` are understood). ``subject`` names the person.

``videos.csv`` (optional): ``vid`` and any of ``path`` (of a video whose name is to be ``vid``),
``subject``, ``fps``. Folders of frames need ``fps``.

``vid`` is the file name without suffix, or the folder's name. A video without subject counts as a
person of its own, which is right only when nobody appears in two videos.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.datasets.frame_folder import folder_video
from mespot.datasets.raw import RawEvent, RawVideo
from mespot.params.data import DataParams
from mespot.tables.event_table import Table, read_table, type_of
from mespot.tables.numbers import Numbering
from mespot.tables.row import Row
from mespot.video.folders import NoFrames, listed
from mespot.video.frames import open_frames
from mespot.video.media import inside, kind_of, walk_media

log = logging.getLogger(__name__)
EVENTS, VIDEOS = "events.csv", "videos.csv"
_FRAMES = ("onset", "offset", "apex")
_SECONDS = ("onset_s", "offset_s", "apex_s")
_TIME = "a time in seconds >= 0, or hh:mm:ss.mmm"
_NUMBER = "a frame number (times stand in columns onset_s and offset_s)"
_EVENTS = (("video", "onset", "offset", "type"), ("video", "onset_s", "offset_s", "type"))


@dataclass(frozen=True)
class _Own:
    """What the tables say about one video, with the row of videos.csv that says it."""

    path: Path | None = None
    subject: str | None = None
    fps: float | None = None
    row: Row | None = None


def events_file(folder: Path) -> Path | None:
    """Return the table of events of a data set, ``None`` where it has none."""
    return _named(folder, EVENTS)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos; see ``mespot.datasets.adapter.Adapter``."""
    own = _own(root)
    places = _places(root, own)
    subjects = _subjects(root, own, places)
    alone = [vid for vid in places if vid not in subjects]
    if alone:
        log.info(
            "%s: %d of %d videos name no subject, each counts as a person of its own",
            root.name, len(alone), len(places),
        )  # fmt: skip
    found = []
    for vid, path in sorted(places.items()):
        try:
            found.append(_video(vid, path, subjects.get(vid, vid), own.get(vid, _Own()).fps, root))
        except NoFrames as error:
            if not params.allow_missing:
                raise
            log.warning("%s; the video is left out", error)
    return found


def events(root: Path, videos: list[RawVideo], params: DataParams) -> list[RawEvent]:
    """Read the table of events; see ``mespot.datasets.adapter.Adapter``."""
    path = events_file(root)
    if path is None:
        return []
    known = {video.video: video for video in videos}
    table = _event_table(path)
    seconds = not {"onset", "offset"} <= set(table.cells)
    names = _Names(known)
    return [_event(row, names, known, seconds) for row in _event_rows(table)]


def _event(row: Row, names: _Names, known: dict[str, RawVideo], seconds: bool) -> RawEvent:
    kind = type_of(row.text("type"))
    if kind is None:
        raise row.fault("type", "me or mae")
    vid = names.of(row)
    columns = _SECONDS if seconds else _FRAMES
    expected = _TIME if seconds else _NUMBER
    onset, offset, apex = (_number(row, column, expected) for column in columns)
    for column, value in zip(columns, (onset, offset), strict=False):
        if value is None or (seconds and value < 0):
            raise row.fault(column, expected)
    rules: tuple[str, ...] = ()
    if seconds:
        apex = None if apex is None or apex < 0 else apex
        if offset < onset:
            raise row.fault("offset_s", f"a time from onset_s {onset:g} on")
        if vid in known:
            onset, offset = _frame(onset, known[vid]), _frame(offset, known[vid])
            apex = None if apex is None else _frame(apex, known[vid])
            rules = ("seconds_to_frames",)
    return RawEvent(vid, onset, apex, offset, kind, row.source, row.number, rules)


def _number(row: Row, column: str, expected: str) -> float | None:
    try:
        return row.optional_frame(column)
    except MespotError as error:
        raise row.fault(column, expected) from error


def _frame(time: float, video: RawVideo) -> int:
    """Return the official number of the frame nearest to a time, s; may lie after the last."""
    numbering = Numbering.of(video.numbers)
    return int(numbering.to_number(math.floor(time * video.fps + 0.5)))


class _Names:
    """Names of videos as tables may write them: with suffix, or in another case."""

    def __init__(self, vids: Iterable[str]) -> None:
        self._exact = set(vids)
        self._lower: dict[str, list[str]] = {}
        for vid in sorted(self._exact):
            self._lower.setdefault(vid.lower(), []).append(vid)

    def of(self, row: Row) -> str:
        """Return the video that a row names; the cell itself where it names none, or several."""
        given = row.text("video")
        for name in (given, Path(given).stem):
            alike = self._lower.get(name.lower(), [])
            if name in self._exact or len(alike) == 1:
                return name if name in self._exact else alike[0]
        return given


def _event_table(path: Path) -> Table:
    return read_table(path, *_EVENTS, known=("type", "subject", *_FRAMES, *_SECONDS))


def _event_rows(table: Table) -> list[Row]:
    return table.rows(("video", "type", "subject", *_FRAMES, *_SECONDS))


def _own(root: Path) -> dict[str, _Own]:
    """Read videos.csv: vid -> what it says."""
    path = _named(root, VIDEOS)
    if path is None:
        return {}
    columns = ("video", "path", "subject", "fps")
    table = read_table(path, ("video",), known=columns)
    own: dict[str, _Own] = {}
    for row in table.rows(columns):
        vid = row.text("video")
        if vid in own:
            raise row.fault("video", f"each video once, it stands in row {own[vid].row.number} too")
        if Path(vid).name != vid:
            raise row.fault("video", "a name without path separators")
        fps = _number(row, "fps", "frames per second above 0")
        if fps is not None and not fps > 0:
            raise row.fault("fps", "frames per second above 0")
        subject = None if row.cells["subject"] is None else row.text("subject")
        own[vid] = _Own(_path(row, root), subject, fps, row)
    return own


def _path(row: Row, root: Path) -> Path | None:
    if row.cells["path"] is None:
        return None
    path = inside(row.text("path").replace("\\", "/"), root)
    if path is None:
        raise row.fault("path", "a path inside the folder of the data set")
    if kind_of(path) not in ("folder", "file") or not path.exists():
        raise row.fault("path", "a video file or a folder of frames that is there")
    return path


def _places(root: Path, own: dict[str, _Own]) -> dict[str, Path]:
    """Return vid -> where it lies, of all videos found and named."""
    named = {one.path: vid for vid, one in own.items() if one.path is not None}
    if len(named) < sum(one.path is not None for one in own.values()):
        twice = next(v for v, one in own.items() if one.path is not None and named[one.path] != v)
        raise own[twice].row.fault("path", f"one row, {named[own[twice].path]} names it too")
    found = [path for path in walk_media(root) if kind_of(path) in ("folder", "file")]
    places: dict[str, Path] = {vid: path for path, vid in named.items()}
    for path in found:
        if path in named:
            continue
        vid = path.name if path.is_dir() else path.stem
        if vid in places:
            raise MespotError(
                f"{path}: found a second video {vid}, {places[vid]} is one too, expected different "
                f"names, or rows in {VIDEOS} with vid and path"
            )
        places[vid] = path
    for vid, one in own.items():
        if vid not in places:
            raise one.row.fault("video", f"a video found in {root}, or its path in the column path")
    if not places:
        raise MespotError(f"{root}: found no video file and no folder of numbered frames")
    return places


def _subjects(root: Path, own: dict[str, _Own], places: dict[str, Path]) -> dict[str, str]:
    subjects = {vid: one.subject for vid, one in own.items() if one.subject is not None}
    names = _Names(places)
    path = events_file(root)
    for row in _event_rows(_event_table(path)) if path is not None else ():
        if row.cells["video"] is None or row.cells["subject"] is None:
            continue
        subject = row.text("subject")
        before = subjects.setdefault(names.of(row), subject)
        if before != subject:
            video = row.text("video")
            raise row.fault("subject", f"{before}, as another row says of video {video}")
    return subjects


def _video(vid: str, path: Path, subject: str, fps: float | None, root: Path) -> RawVideo:
    if path.is_dir():
        if fps is None:
            raise MespotError(
                f"{path}: a folder of frames has no frame rate, expected it in {root / VIDEOS}, "
                f"columns vid,fps, row {vid},<frames per second>"
            )
        return folder_video(subject, vid, path, fps)
    try:
        source = open_frames(path, fps)
    except MespotError as error:
        raise NoFrames(str(error)) from error
    return RawVideo(subject, vid, path, "file", source.fps, source.numbers, source.grey)


def _named(folder: Path, name: str) -> Path | None:
    entries = listed(folder)
    return next((Path(one.path) for one in entries if one.name.lower() == name), None)
