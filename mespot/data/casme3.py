"""CAS(ME)^3 part A: 30 fps, colour, folders ``spNO.<id>/<a..m>/color``, two label sheets.

The sheets count in raw jpg numbers, which begin at 1, 5 or 7 and may have gaps (Li et al., TPAMI
2022; sheets ``..._JpgIndex_v2``). The type comes from the sheet, never from the length: two thirds
of the labelled micro-expressions are longer than half a second.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from mespot.data.folders import frame_files, walk
from mespot.data.frames import folder_is_grey
from mespot.data.published import Published
from mespot.data.raw import RawEvent, RawVideo
from mespot.data.sheets import Row, read_rows
from mespot.errors import MespotError
from mespot.params.data import DataParams

FPS = 30.0
_SUBJECT = re.compile(r"spNO\.\d+", re.IGNORECASE)
_CLIP = re.compile(r"[a-m]")
_SHEETS = {
    "me": "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "mae": "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx",
}
_SHEET = "label"
_COLUMNS = ("Subject", "Filename", "Onset", "Apex", "Offset")
# typing errors of the published sheet: (type, video, onset, offset) -> onset
_ONSET_TYPOS = {("me", "spNO.216_d", 3647.0, 2694.0): 2647.0}
PUBLISHED = Published(
    source="Li et al., TPAMI 2022; page of CAS(ME)^3; sheets ..._JpgIndex_v2",
    subjects=100,
    videos=1300,
    me=860,
)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos; see ``mespot.data.adapter.Adapter``."""
    found = []
    for person in _outside_frames(root):
        if not (person.is_dir() and _SUBJECT.fullmatch(person.name)):
            continue
        for clip in sorted(os.listdir(person.path)):
            folder = Path(person.path) / clip / "color"
            if _CLIP.fullmatch(clip) and folder.is_dir():
                names, numbers = frame_files(folder)
                grey = folder_is_grey(folder, names)
                video = f"{person.name}_{clip}"
                found.append(RawVideo(person.name, video, folder, "folder", FPS, numbers, grey))
    return found


def events(root: Path, videos: list[RawVideo], params: DataParams) -> list[RawEvent]:
    """Read both sheets; see ``mespot.data.adapter.Adapter``."""
    files = {
        entry.name.lower(): Path(entry.path) for entry in _outside_frames(root) if entry.is_file()
    }
    found = []
    for kind, name in _SHEETS.items():
        if name.lower() not in files:
            raise MespotError(f"{root}: sheet is missing, expected {name} in any folder below")
        rows = read_rows(files[name.lower()], _SHEET, _COLUMNS)
        found += [_event(row, kind) for row in rows]
    return found


def _event(row: Row, kind: str) -> RawEvent:
    subject, clip = row.text("Subject"), row.text("Filename")
    if not _SUBJECT.fullmatch(subject):
        raise row.fault("Subject", "spNO.<number>")
    rules = []
    if clip != clip.lower():
        clip = clip.lower()
        rules.append("clip_letter_lowered")
    if not _CLIP.fullmatch(clip):
        raise row.fault("Filename", "a letter from a to m")
    video = f"{subject}_{clip}"
    onset, offset = row.frame("Onset"), row.frame("Offset")
    if (kind, video, onset, offset) in _ONSET_TYPOS:
        onset = _ONSET_TYPOS[kind, video, onset, offset]
        rules.append("onset_typo_corrected")
    apex = row.optional_frame("Apex")
    return RawEvent(video, onset, apex, offset, kind, row.source, row.number, tuple(rules))


def _outside_frames(root: Path) -> list[os.DirEntry[str]]:
    return list(walk(root, lambda name: _SUBJECT.fullmatch(name) is not None))
