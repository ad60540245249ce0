"""Folders of CAS(ME)^3: ``part_<X>/data/part_<X>/spNO.<id>/<clip>/color/<n>.jpg``."""

from __future__ import annotations

import re
from pathlib import Path

from mespot.video.folders import listed, walk

FPS = 30.0
_PART = re.compile(r"part_([abc])", re.IGNORECASE)
_SUBJECT = re.compile(r"spNO\.?\s*0*(\d+)", re.IGNORECASE)


def subject_name(text: str) -> str | None:
    """Return ``spNO.<id>`` for any way to write it, ``None`` for another text."""
    match = _SUBJECT.fullmatch(text.strip())
    return f"spNO.{match[1]}" if match else None


def colour_folders(
    root: Path, part: str, clip: re.Pattern[str]
) -> tuple[list[tuple[str, str, Path]], list[tuple[str, str]]]:
    """Find the clips of one part.

    Args:
        root: folder of the data set; folders above the subjects do not matter, except that those
            of other parts are left alone.
        part: ``a`` or ``b``.
        clip: what a clip folder is called.

    Returns:
        subject, video ``<subject>_<clip>`` and folder of frames of each clip; and the folders that
        look like clips but were not taken, as (path relative to ``root``, why).
    """
    found, left = [], []
    for person in walk(root, lambda name: _closed(name, part)):
        subject = subject_name(person.name)
        if subject is None or not person.is_dir():
            continue
        for entry in listed(person.path):
            if not entry.is_dir():
                continue
            folder = Path(entry.path)
            shown = folder.relative_to(root).as_posix()
            if not clip.fullmatch(entry.name):
                left.append((shown, f"expected a clip name such as {subject}/a"))
            elif not (folder / "color").is_dir():
                left.append((shown, "it holds no folder color"))
            else:
                name = entry.name.lower() if len(entry.name) == 1 else entry.name
                found.append((subject, f"{subject}_{name}", folder / "color"))
    return found, sorted(left)


def other_files(root: Path, part: str) -> list[Path]:
    """Return the files beside the subjects' folders, sheets among them."""
    entries = walk(root, lambda name: _closed(name, part))
    return [Path(entry.path) for entry in entries if entry.is_file()]


def _closed(name: str, part: str) -> bool:
    match = _PART.fullmatch(name)
    return subject_name(name) is not None or (match is not None and match[1].lower() != part)
