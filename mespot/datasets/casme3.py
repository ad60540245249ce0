"""CAS(ME)^3 part A: 30 fps, colour, folders ``spNO.<id>/<a..m>/color``, two label sheets.

The sheets count in raw jpg numbers, which begin anywhere (1, 5 or 7 in most videos) and may have
gaps (Li et al., TPAMI 2022; sheets ``..._JpgIndex_v2``). Where the pair of sheets is incomplete,
``CAS(ME)3_part_A_v2.xls`` serves, which names the type in a column. The type comes from the sheets,
never from the length: two thirds of the labelled micro-expressions are longer than half a second.

Rules of this data set alone:

- ``clip_letter_lowered``: the clip is written in upper case (spNO.14 ``J``);
- ``onset_typo_corrected``: spNO.216 d, onset 3647 with apex 2668 and offset 2694, is 2647.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.datasets.adapter import Adapter
from mespot.datasets.casme3_layout import FPS, colour_folders, other_files, subject_name
from mespot.datasets.frame_folder import folder_videos
from mespot.datasets.published import Published
from mespot.datasets.raw import RawEvent, RawVideo
from mespot.params.data import DataParams
from mespot.tables.sheets import Row, read_rows

log = logging.getLogger(__name__)
_CLIP = re.compile(r"[a-m]", re.IGNORECASE)
_PAIR = {
    "me": "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "mae": "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx",
}
_PAIR_NAMES = {
    "me": re.compile(r"cas\(me\)\^?3_part_a_me_label_jpgindex.*\.xlsx?", re.IGNORECASE),
    "mae": re.compile(r"cas\(me\)\^?3_part_a_mae_label_jpgindex.*\.xlsx?", re.IGNORECASE),
}
_SINGLE_NAME = re.compile(r"cas\(me\)\^?3_part_a_v\d+\.xlsx?", re.IGNORECASE)
_SHEET = "label"
_COLUMNS = ("Subject", "Filename", "Onset", "Apex", "Offset")
_TYPE = "Expression type"
# typing errors of the published sheet: (type, video, onset, offset) -> onset
_ONSET_TYPOS = {("me", "spNO.216_d", 3647.0, 2694.0): 2647.0}
_PERSONS = (*range(1, 18), *range(39, 43), 77, *range(138, 141), *range(142, 164), *range(165, 191),
            *range(192, 219))  # fmt: skip
PUBLISHED = Published(
    source="Li et al., TPAMI 2022; page of CAS(ME)^3; sheets ..._JpgIndex_v2",
    subjects=100,
    videos=1300,
    me=860,
    names=tuple(f"spNO.{person}_{clip}" for person in _PERSONS for clip in "abcdefghijklm"),
)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos; see ``mespot.datasets.adapter.Adapter``."""
    return folder_videos(colour_folders(root, "a", _CLIP)[0], FPS, params)


def surplus(root: Path, params: DataParams) -> list[tuple[str, str]]:
    """List what was not taken; see ``mespot.datasets.adapter.Adapter``."""
    return colour_folders(root, "a", _CLIP)[1]


def events(root: Path, videos: list[RawVideo], params: DataParams) -> list[RawEvent]:
    """Read the pair of sheets or the single one; see ``mespot.datasets.adapter.Adapter``."""
    files = other_files(root, "a")
    pair = {kind: _last(files, name) for kind, name in _PAIR_NAMES.items()}
    single = _last(files, _SINGLE_NAME)
    if single is not None and None in pair.values():
        log.info("casme3: annotations from %s", single.name)
        rows = read_rows(single, _SHEET, (*_COLUMNS, _TYPE))
        return [_event(row, _type(row)) for row in rows]
    found = []
    for kind, path in pair.items():
        if path is None:
            raise MespotError(
                f"{root}: sheet is missing, expected {_PAIR[kind]} in any folder below"
            )
        log.info("casme3: annotations of type %s from %s", kind, path.name)
        found += [_event(row, kind) for row in read_rows(path, _SHEET, _COLUMNS)]
    return found


def _last(files: list[Path], name: re.Pattern[str]) -> Path | None:
    """Return the file of that name; of several versions the one that sorts last."""
    matching = [file for file in files if name.fullmatch(file.name)]
    return max(matching, key=lambda file: file.name.lower(), default=None)


def _type(row: Row) -> str:
    kind = row.text(_TYPE).lower()
    for word, name in (("macro", "mae"), ("micro", "me")):
        if kind.startswith(word):
            return name
    raise row.fault(_TYPE, "Macro-expression or Micro-expression")


def _event(row: Row, kind: str) -> RawEvent:
    subject, clip = subject_name(row.text("Subject")), row.text("Filename")
    if subject is None:
        raise row.fault("Subject", "spNO.<number>")
    if not _CLIP.fullmatch(clip):
        raise row.fault("Filename", "a letter from a to m")
    rules = []
    if clip != clip.lower():
        rules.append("clip_letter_lowered")
    video = f"{subject}_{clip.lower()}"
    onset, apex, offset = row.frame("Onset"), row.optional_frame("Apex"), row.frame("Offset")
    sheet = None
    if (kind, video, onset, offset) in _ONSET_TYPOS:
        sheet = (onset, apex, offset)
        onset = _ONSET_TYPOS[kind, video, onset, offset]
        rules.append("onset_typo_corrected")
    return RawEvent(video, onset, apex, offset, kind, row.source, row.number, tuple(rules), sheet)


ADAPTERS = {"casme3": Adapter(videos, events, PUBLISHED, surplus)}
