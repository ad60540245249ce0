"""Telling videos, folders of frames and pictures apart by their names, without opening any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mespot.video.folders import FRAME_SUFFIXES, listed

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv",
)  # fmt: skip
_LOOKED_AT = 1000  # entries of a folder; mixed ones are small


def kind_of(path: Path) -> str | None:
    """Return ``folder``, ``picture``, ``file`` (a video) or ``None`` for anything else."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return "folder"
    if suffix in FRAME_SUFFIXES:
        return "picture"
    return "file" if suffix in VIDEO_SUFFIXES else None


def holds_frames(folder: Path) -> bool:
    """Tell whether a folder holds numbered pictures and no video; reads its first names only."""
    found = False
    with os.scandir(folder) as entries:
        for entry, _ in zip(entries, range(_LOOKED_AT), strict=False):
            stem, suffix = os.path.splitext(entry.name.lower())
            if suffix in VIDEO_SUFFIXES:
                return False
            if suffix in FRAME_SUFFIXES and any(letter.isdigit() for letter in stem):
                found = True
    return found


def walk_media(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, and its folders of frames, which are not entered.

    ``folder`` itself counts as a grouping folder whatever it holds. Sorted per folder.

    Raises:
        MespotError: a folder that cannot be read.
    """
    entries = listed(folder)
    yield from (folder / entry.name for entry in entries if entry.is_file())
    for entry in entries:
        if entry.is_dir() and holds_frames(folder / entry.name):
            yield folder / entry.name
        elif entry.is_dir():
            yield from walk_media(folder / entry.name)


def inside(given: str, root: Path) -> Path | None:
    """Return the path below ``root`` of a written one, or ``None`` where it leaves ``root``.

    Links are not followed: a link that the user has put below ``root`` stays inside.

    Args:
        given: relative to ``root``, or absolute.
        root: a folder; what is returned begins with it as it stands.
    """
    absolute = os.path.abspath(root)
    try:
        place = Path(os.path.normpath(os.path.join(absolute, given))).relative_to(absolute)
    except ValueError:
        return None
    return root / place if place.parts and "\0" not in given else None
