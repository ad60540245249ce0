"""Walking through the folders of a data set without touching its frames."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mespot.core.errors import MespotError

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
# names of one folder, joined by NUL, which no file name holds: number and kind of each frame
_FRAME = re.compile(r"(\d+)[^\d\0]*\.(jpe?g|png|bmp)(?=\0|\Z)", re.IGNORECASE)
_MOST_DIGITS = 18  # what int64 holds
# what unpackers, desktops and file servers leave behind
_FOREIGN = re.compile(r"\..*|__MACOSX|@eaDir|\$RECYCLE\.BIN", re.IGNORECASE)


class NoFrames(MespotError):
    """A video without a single frame that can be read: an empty folder, a broken file."""


def walk(root: Path, leaf: Callable[[str], bool]) -> Iterator[os.DirEntry[str]]:
    """Yield files and folders below ``root``, sorted, never entering folders named by ``leaf``.

    Frame folders hold millions of files; a walk that enters them takes minutes. Hidden entries and
    what unpackers leave behind (``__MACOSX`` holds a second tree of the same names) are left out.

    Raises:
        MespotError: a folder that cannot be read.
    """
    folders = []
    for entry in listed(root):
        yield entry
        if entry.is_dir() and not leaf(entry.name):
            folders.append(entry.path)
    for folder in folders:
        yield from walk(Path(folder), leaf)


def listed(folder: str | os.PathLike[str]) -> list[os.DirEntry[str]]:
    """Return the entries of one folder, sorted, without hidden and left-behind ones.

    Raises:
        MespotError: when the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _FOREIGN.fullmatch(entry.name)]
    except OSError as error:
        raise MespotError(f"{folder}: cannot be read ({error.strerror})") from error
    return sorted(found, key=lambda entry: entry.name)


def frame_files(folder: Path) -> tuple[list[str], np.ndarray]:
    """List the frames of a folder in the order of the last integer of their names.

    Frames are pictures of the kind that most files have; other files are strays, also a few
    pictures of another kind.

    Returns:
        file names, and their integers (n,) ascending.

    Raises:
        NoFrames: the folder holds no numbered picture.
        MespotError: no folder, two frames with the same number, or a number beyond 64 bits.
    """
    try:
        names = [name for name in os.listdir(folder) if name[0] != "."]
    except OSError as error:
        raise MespotError(f"{folder}: cannot be read ({error.strerror})") from error
    found = _FRAME.findall("\0".join(names))
    if len(found) != len(names):
        names = [name for name in names if _FRAME.search(name)]
    if not names:
        raise NoFrames(
            f"{folder}: found no frame, expected numbered files ({', '.join(FRAME_SUFFIXES)})"
        )
    texts, suffixes = zip(*found, strict=True)
    if len(set(suffixes)) > 1:
        kinds = [suffix.lower().replace("jpeg", "jpg") for suffix in suffixes]
        counts = Counter(kinds)
        kind = max(sorted(counts), key=counts.__getitem__)
        chosen = [place for place, name in enumerate(kinds) if name == kind]
        names, texts = [names[place] for place in chosen], [texts[place] for place in chosen]
    digits = max(map(len, texts))
    if digits > _MOST_DIGITS:
        raise MespotError(
            f"{folder}: found a file number of {digits} digits, expected at most {_MOST_DIGITS}"
        )
    numbers = np.fromiter(map(int, texts), dtype=np.int64, count=len(texts))
    order = np.argsort(numbers, kind="stable")
    names, numbers = [names[place] for place in order], numbers[order]
    twice = np.flatnonzero(np.diff(numbers) == 0)
    if twice.size:
        a, b = sorted((names[twice[0]], names[twice[0] + 1]))
        raise MespotError(f"{folder}: {a} and {b} have the same number, expected one frame each")
    return names, numbers


def picture_folders(root: Path, leaf: Callable[[str], bool]) -> list[str]:
    """Return folders below ``root`` that hold numbered pictures but are not named by ``leaf``.

    Returns:
        paths relative to ``root``, sorted; ``.`` is ``root`` itself.
    """
    parents = {
        os.path.dirname(entry.path)
        for entry in walk(root, leaf)
        if _FRAME.search(entry.name) and entry.is_file()
    }
    return sorted(Path(parent).relative_to(root).as_posix() for parent in parents)
