"""VoxCeleb2 video clips for pre-training: ``<id>/<video>/<clip>.mp4``, 25 fps, no annotation.

The clips are a tree such as ``dev/mp4/id00012/21Uxsk56VDQ/00001.mp4`` (Chung et al., Interspeech
2018); any folders may stand above the person. There are 1.09 million of them, so that none is
opened for the index: their number of frames stays unknown until they are cropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mespot.data.folders import listed
from mespot.data.published import Published
from mespot.data.raw import RawVideo
from mespot.params.data import DataParams

FPS = 25.0
_PERSON = re.compile(r"id\d{5}")
_SUFFIX = ".mp4"
PUBLISHED = Published(
    source="Chung et al., Interspeech 2018, part dev",
    subjects=5_994,
    videos=1_092_009,
)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the clips; see ``mespot.data.adapter.Adapter``."""
    return list(clips(root))


def clips(root: Path) -> Iterator[RawVideo]:
    """Yield the clips in the order of person, video and clip, without opening any.

    At any moment only the names of one folder per level are held.

    Args:
        root: a folder at any height above the persons.
    """
    for name in _folders(root):
        if not _PERSON.fullmatch(name):
            yield from clips(root / name)
            continue
        for video in _folders(root / name):
            folder = root / name / video
            for clip in _files(folder):
                title = f"{name}_{video}_{clip.removesuffix(_SUFFIX)}"
                yield RawVideo(name, title, folder / clip, "file", FPS, None, False)


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in listed(folder) if entry.is_dir()]


def _files(folder: Path) -> list[str]:
    return [entry.name for entry in listed(folder) if entry.name.endswith(_SUFFIX)]
