"""Walking through the folders of a data set without touching its frames."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mespot.errors import MespotError

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_LAST_INTEGER = re.compile(r"(\d+)(?=\D*$)")


def walk(root: Path, leaf: Callable[[str], bool]) -> Iterator[os.DirEntry[str]]:
    """Yield files and folders below ``root``, sorted, never entering folders named by ``leaf``.

    Frame folders hold millions of files; a walk that enters them takes minutes.
    """
    folders = []
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            yield entry
            if entry.is_dir() and not leaf(entry.name):
                folders.append(entry.path)
    for folder in folders:
        yield from walk(Path(folder), leaf)


def frame_files(folder: Path) -> tuple[list[str], np.ndarray]:
    """List the frames of a folder in the order of the last integer of their names.

    Returns:
        file names, and their integers (n,) ascending; other files are left out.

    Raises:
        MespotError: no folder, no frame, or two frames with the same number.
    """
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise MespotError(f"{folder}: cannot be read ({error.strerror})") from error
    numbered = []
    for name in names:
        stem, suffix = os.path.splitext(name)
        match = _LAST_INTEGER.search(stem)
        if match and suffix.lower() in FRAME_SUFFIXES and not name.startswith("."):
            numbered.append((int(match[1]), name))
    numbered.sort()
    if not numbered:
        raise MespotError(
            f"{folder}: found no frame, expected numbered files ({', '.join(FRAME_SUFFIXES)})"
        )
    numbers = np.array([number for number, _ in numbered], dtype=np.int64)
    twice = np.flatnonzero(np.diff(numbers) == 0)
    if twice.size:
        a, b = numbered[twice[0]][1], numbered[twice[0] + 1][1]
        raise MespotError(f"{folder}: {a} and {b} have the same number, expected one frame each")
    return [name for _, name in numbered], numbers
