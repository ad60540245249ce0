"""CAS(ME)^2: 30 fps, colour, 97 long videos, one workbook of three sheets without headers.

Workbook ``CAS(ME)^2code_final.xlsx`` (Qu et al., IEEE TAFFC 2018): ``CASFEcode_final`` holds the
events by participant and event name, ``naming rule1`` leads from participant to subject, ``naming
rule2`` from the first part of the event name to the code of the film. Frames count from 1.

Rules of this data set alone (``data.casme2.missing_offset``; 44 rows have offset 0):

- ``offset_missing_to_apex`` (``apex``): the common repair, rule of MEGC 2020 and of most papers;
- ``offset_missing_to_apex_plus_20`` (``apex_plus_20``): 20 frames after the apex, as LGSNet has it,
  which likewise moves the 3 offsets that lie between onset and apex
  (``offset_before_apex_to_apex_plus_20``);
- reason ``missing_offset`` (``drop``): the row stands in dropped.csv only;
- ``video_filed_as_19_0502``: see ``mespot.datasets.casme2_layout``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.datasets.adapter import Adapter
from mespot.datasets.casme2_layout import FILMS, NAMES, clip_folders, is_closed, refiled, video_name
from mespot.datasets.frame_folder import folder_videos
from mespot.datasets.published import Published
from mespot.datasets.raw import RawEvent, RawVideo
from mespot.params.data import DataParams
from mespot.tables.sheets import Row, read_headerless
from mespot.tables.workbooks import Workbook
from mespot.video.folders import walk

log = logging.getLogger(__name__)
FPS = 30.0
_WORKBOOK = re.compile(r"CAS\(ME\)\^?2code_final.*\.xlsx?", re.IGNORECASE)
_EVENTS = ("participant", "event name", "onset", "apex", "offset", "AUs", "emotion", "type")
_SUBJECTS = ("number", "subject", "participant")
_FILMS = ("code", "name")
_EVENT_NAME = re.compile(r"([a-z]+\d+)_(\d+)", re.IGNORECASE)
_TAIL = 20.0  # frames after the apex
PUBLISHED = Published(
    source="Qu et al., TAFFC 2018 (events); MEGC 2024 page (videos)",
    subjects=22,
    videos=97,
    frames=251_822,
    me=57,
    mae=300,
    names=NAMES,
)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos; see ``mespot.datasets.adapter.Adapter``."""
    return folder_videos(clip_folders(root, params)[0], FPS, params)


def surplus(root: Path, params: DataParams) -> list[tuple[str, str]]:
    """List what was not taken; see ``mespot.datasets.adapter.Adapter``."""
    return clip_folders(root, params)[1]


def events(root: Path, videos: list[RawVideo], params: DataParams) -> list[RawEvent]:
    """Read the workbook; see ``mespot.datasets.adapter.Adapter``."""
    book = Workbook(_workbook(root))
    subjects = _table(read_headerless(book, "naming rule1", _SUBJECTS), _subject)
    films = _table(read_headerless(book, "naming rule2", _FILMS), _film)
    folders = {video.video: video.path for video in videos}
    found = []
    for row in read_headerless(book, "CASFEcode_final", _EVENTS):
        participant = row.text("participant")
        if participant not in subjects:
            raise row.fault("participant", f"one of the {len(subjects)} of sheet naming rule1")
        name = _EVENT_NAME.fullmatch(row.text("event name"))
        if name is None or name[1].lower() not in films:
            raise row.fault("event name", "a name of sheet naming rule2 and a number (anger1_1)")
        video = video_name(subjects[participant], films[name[1].lower()])
        rules = refiled(folders[video], video) if video in folders else ()
        found.append(_event(row, video, rules, params.casme2.missing_offset))
    return found


def _event(row: Row, video: str, rules: tuple[str, ...], missing_offset: str) -> RawEvent:
    kind = row.text("type").lower()
    if not kind.startswith(("macro", "micro")):
        raise row.fault("type", "macro-expression or micro-expression")
    onset, apex, offset = row.frame("onset"), row.optional_frame("apex"), row.frame("offset")
    sheet, dropped = (onset, apex, offset), ""
    if offset == 0 and missing_offset == "drop":
        dropped = "missing_offset"
    elif missing_offset == "apex_plus_20" and apex is not None and max(onset, offset) <= apex:
        state = "missing" if offset == 0 else "before_apex"
        rules = (*rules, f"offset_{state}_to_apex_plus_20")
        offset = apex + _TAIL
    return RawEvent(
        video=video,
        onset=onset,
        apex=apex,
        offset=offset,
        type="mae" if kind.startswith("macro") else "me",
        source=row.source,
        row=row.number,
        rules=rules,
        sheet=sheet,
        dropped=dropped,
    )


def _subject(row: Row) -> tuple[str, str]:
    match = re.fullmatch(r"s(\d{2})", row.text("subject"), re.IGNORECASE)
    if match is None:
        raise row.fault("subject", "s and two digits (s15)")
    return row.text("participant"), match[1]


def _film(row: Row) -> tuple[str, str]:
    text = row.text("code")
    code = text.zfill(4)  # a number cell has lost the leading 0
    if code not in FILMS:
        raise row.fault("code", f"one of {', '.join(FILMS)}")
    return row.text("name").lower(), code


def _table(rows: list[Row], read: Callable[[Row], tuple[str, str]]) -> dict[str, str]:
    """Return key -> value of a naming sheet; it may repeat its rows but not contradict itself."""
    table: dict[str, str] = {}
    for row in rows:
        key, value = read(row)
        if table.setdefault(key, value) != value:
            raise MespotError(
                f"{row.source}: row {row.number} of a naming sheet: found {key} -> {value}, "
                f"expected {table[key]} as in a row before"
            )
    return table


def _workbook(root: Path) -> Path:
    """Return the workbook; an updated one goes before the first release."""
    found = [
        Path(entry.path)
        for entry in walk(root, is_closed)
        if _WORKBOOK.fullmatch(entry.name) and entry.is_file()
    ]
    if not found:
        raise MespotError(f"{root}: found no workbook, expected CAS(ME)^2code_final.xlsx")
    chosen = max(found, key=lambda path: ("updated" in path.name.lower(), path.name.lower()))
    log.info("casme2: annotations from %s", chosen.name)
    return chosen


ADAPTERS = {"casme2": Adapter(videos, events, PUBLISHED, surplus)}
