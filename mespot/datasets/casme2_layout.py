"""Folders of CAS(ME)^2: ``<layout>/s15/15_0101disgustingteeth/img1.jpg``.

Folders are known by the first seven characters of their names, subject and code of the film, as
every public loader does it; what follows is spelt in several ways. Two things are odd in copies of
``rawpic``:

- a clip may lie in the folder of another subject (``s19/23_0502...``): its own name counts, unless
  the right folder holds it as well;
- s19 has a folder ``19_0502...`` that belongs to no published list of the 97 videos. Where s23
  lacks its clip 0502 in turn, the folder is taken as ``23_0502funnyerrors`` (an inference from its
  place in sorted lists), and events in it carry the rule ``video_filed_as_19_0502``.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.params.data import DataParams
from mespot.video.folders import listed, walk

log = logging.getLogger(__name__)
FILMS = {
    "0101": "disgustingteeth",
    "0102": "eatingworms",
    "0401": "girlcrashing",
    "0402": "beatingpregnantwoman",
    "0502": "funnyerrors",
    "0503": "unnyfarting",
    "0505": "funnyinnovations",
    "0507": "climbingthewall",
    "0508": "funnydunkey",
}
_CODES = {
    "15": "0101 0102 0401 0402 0502 0503 0505 0508",
    "16": "0101 0102 0401 0402 0502 0505 0507",
    "19": "0102 0402 0505 0507",
    "20": "0502",
    "21": "0101 0401",
    "22": "0101 0102 0402 0503 0508",
    "23": "0102 0402 0502 0503 0507",
    "24": "0101 0401 0402 0502 0507",
    "25": "0101 0102 0502 0508",
    "26": "0101 0102 0401 0503",
    "27": "0101 0102 0401 0402 0502 0503 0505 0507 0508",
    "29": "0502",
    "30": "0101 0102 0401 0502 0503 0505 0507",
    "31": "0101 0401 0402 0502 0503 0505 0507",
    "32": "0101 0102 0401 0402 0502 0503 0505 0507 0508",
    "33": "0102 0402",
    "34": "0401 0402 0503",
    "35": "0102",
    "36": "0401 0505",
    "37": "0101 0402 0502 0505 0507 0508",
    "38": "0502 0507",
    "40": "0401 0502 0503",
}
_LAYOUTS = ("rawpic", "longVideoFaceCropped", "cropped")
_SUBJECT = re.compile(r"s(\d{2})", re.IGNORECASE)
_CLIP = re.compile(r"(\d{2})_(\d{4}).*", re.DOTALL)
_LOST, _FOUND_AS = "23_0502", "19_0502"


def video_name(subject: str, code: str) -> str:
    """Return the official name, ``("15", "0101")`` -> ``15_0101disgustingteeth``."""
    return f"{subject}_{code}{FILMS[code]}"


NAMES = tuple(video_name(who, code) for who, codes in _CODES.items() for code in codes.split())


def clip_folders(
    root: Path, params: DataParams
) -> tuple[list[tuple[str, str, Path]], list[tuple[str, str]]]:
    """Find the long videos of the chosen layout.

    Returns:
        subject such as ``s15``, official name and folder of each video, and the folders that were
        not taken, as (path relative to ``root``, why).

    Raises:
        MespotError: when the layout that the settings name is not there.
    """
    official = {name[:7]: name for name in NAMES}
    places: dict[str, list[Path]] = defaultdict(list)
    unlisted: dict[str, Path] = {}
    left: list[tuple[Path, str]] = []
    for folder in _candidates(root, params):
        match = _CLIP.fullmatch(folder.name)
        if match is None:
            left.append((folder, "expected a name that begins with subject and code (15_0101)"))
        elif folder.name[:7] in official:
            places[folder.name[:7]].append(folder)
        else:
            unlisted[folder.name[:7]] = folder
    if _LOST not in places and _FOUND_AS in unlisted:
        places[_LOST].append(unlisted.pop(_FOUND_AS))
    left += [(folder, "no published list of the videos names it") for folder in unlisted.values()]
    found = []
    for key, folders in places.items():
        home = [folder for folder in folders if folder.parent.name.lower() == f"s{key[:2]}"]
        chosen = home or folders
        left += [(folder, f"{home[0].name} lies in {home[0].parent.name}")
                 for folder in folders if folder not in chosen]  # fmt: skip
        found += [(f"s{key[:2]}", official[key], folder) for folder in chosen]
        if not home:
            shown = ", ".join(folder.relative_to(root).as_posix() for folder in folders)
            log.warning("casme2: %s is taken as video %s", shown, official[key])
    return found, sorted((folder.relative_to(root).as_posix(), why) for folder, why in left)


def refiled(folder: Path, video: str) -> tuple[str, ...]:
    """Return the rule that events of ``video`` carry when its folder bears another name."""
    return () if folder.name[:7] == video[:7] else (f"video_filed_as_{folder.name[:7]}",)


def _candidates(root: Path, params: DataParams) -> list[Path]:
    """Return the folders inside the subjects' folders of the chosen layout."""
    layout = _layout(root, params)
    # without a folder for the layout, those of single expressions may stand beside the subjects
    entries = listed(root) if layout == root else walk(layout, is_closed)
    subjects = [entry for entry in entries if _SUBJECT.fullmatch(entry.name) and entry.is_dir()]
    return [
        Path(clip.path) for subject in subjects for clip in listed(subject.path) if clip.is_dir()
    ]


def _layout(root: Path, params: DataParams) -> Path:
    wanted = params.casme2.layout
    found: dict[str, Path] = {}
    for entry in walk(root, lambda name: is_closed(name) or name.lower() in _lower(_LAYOUTS)):
        if entry.name.lower() in _lower(_LAYOUTS) and entry.is_dir():
            found.setdefault(entry.name.lower(), Path(entry.path))
    for name in _LAYOUTS if wanted == "auto" else (wanted,):
        if name.lower() in found:
            log.info("casme2: frames from %s", found[name.lower()].relative_to(root).as_posix())
            return found[name.lower()]
    if wanted == "auto" and any(_SUBJECT.fullmatch(entry.name) for entry in listed(root)):
        return root
    expected = wanted if wanted != "auto" else f"one of {', '.join(_LAYOUTS)}"
    raise MespotError(f"{root}: found no folder of long videos, expected {expected}")


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def is_closed(name: str) -> bool:
    """Tell folders of subjects and clips, below which no workbook and no layout lies."""
    return _SUBJECT.fullmatch(name) is not None or _CLIP.fullmatch(name) is not None
