"""SAMM Long Videos: 200 fps, grey, folders ``<sss>_<v>``, one workbook of movements.

Format as in the releases V1 to V3 of the workbook (Yap et al., arXiv 1911.01519): sheet
``FACS_Movement_Only``, header below nine rows of text, frames counted from 1 and inclusive.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.datasets.adapter import Adapter
from mespot.datasets.frame_folder import folder_videos
from mespot.datasets.published import Published
from mespot.datasets.raw import RawEvent, RawVideo
from mespot.params.data import DataParams
from mespot.tables.sheets import Row, read_rows
from mespot.video.folders import picture_folders, walk

log = logging.getLogger(__name__)
FPS = 200.0
_FOLDER = re.compile(r"\d{3}_\d+")
_WORKBOOK = re.compile(r"SAMM_LongVideos.*\.xlsx?", re.IGNORECASE)
_SHEET = "FACS_Movement_Only"
_COLUMNS = ("Filename", "Onset", "Apex", "Offset", "Type")
_EVENT_NAME = re.compile(r"(\d{1,3})_(\d+)_(\d+)")
PUBLISHED = Published(
    source="Yap et al., arXiv 1911.01519; workbook V3",
    subjects=30,
    videos=147,
    frames=483_797,
    me=159,
    mae=343,
)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos; see ``mespot.datasets.adapter.Adapter``."""
    places = [
        (entry.name[:3], entry.name, Path(entry.path))
        for entry in walk(root, _is_video)
        if _is_video(entry.name) and entry.is_dir()
    ]
    return folder_videos(places, FPS, params)


def surplus(root: Path, params: DataParams) -> list[tuple[str, str]]:
    """List what was not taken; see ``mespot.datasets.adapter.Adapter``."""
    why = "it holds pictures, expected a folder named <sss>_<v> such as 006_1"
    return [(folder, why) for folder in picture_folders(root, _is_video)]


def events(root: Path, videos: list[RawVideo], params: DataParams) -> list[RawEvent]:
    """Read the workbook; see ``mespot.datasets.adapter.Adapter``."""
    path = _workbook(root)
    return [_event(row) for row in read_rows(path, _SHEET, _COLUMNS)]


def _event(row: Row) -> RawEvent:
    match = _EVENT_NAME.fullmatch(row.text("Filename"))
    if not match:
        raise row.fault("Filename", "subject_video_event such as 006_1_1")
    kind = row.text("Type").lower()
    if not kind.startswith(("macro", "micro")):
        raise row.fault("Type", "Macro or Micro - 1/2")
    return RawEvent(
        video=f"{int(match[1]):03d}_{match[2]}",
        onset=row.frame("Onset"),
        apex=row.optional_frame("Apex"),
        offset=row.frame("Offset"),
        type="mae" if kind.startswith("macro") else "me",
        source=row.source,
        row=row.number,
    )


def _is_video(name: str) -> bool:
    return _FOLDER.fullmatch(name) is not None


def _workbook(root: Path) -> Path:
    """Return the workbook; of several releases the one that sorts last (V3 before V2)."""
    found = [
        Path(entry.path)
        for entry in walk(root, _is_video)
        if _WORKBOOK.fullmatch(entry.name) and entry.is_file()
    ]
    if not found:
        raise MespotError(f"{root}: found no workbook, expected SAMM_LongVideos_V3_Release.xlsx")
    chosen = max(found, key=lambda path: path.name.lower())
    log.info("samm_lv: annotations from %s", chosen.name)
    return chosen


ADAPTERS = {"samm_lv": Adapter(videos, events, PUBLISHED, surplus)}
