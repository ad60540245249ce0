"""VoxCeleb2 video clips for pre-training: ``<id>/<video>/<clip>.mp4``, 25 fps, no annotation.

The clips are a tree such as ``dev/mp4/id00012/21Uxsk56VDQ/00001.mp4`` (Chung et al., Interspeech
2018); any folders may stand above the person. There are 1.09 million of them, so that none is
opened for the index: their number of frames stays unknown until they are cropped. Nor is there an
object per clip: clips of all videos bear the same few file names, and a clip is described when it
is looked at.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from mespot.datasets.adapter import Adapter
from mespot.datasets.published import Published
from mespot.datasets.raw import RawVideo
from mespot.params.data import DataParams
from mespot.video.folders import listed

FPS = 25.0
_PERSON = re.compile(r"id\d{5}")
_SUFFIX = ".mp4"
PUBLISHED = Published(
    source="Chung et al., Interspeech 2018, part dev",
    subjects=5_994,
    videos=1_092_009,
)


class ClipTree(Sequence[RawVideo]):
    """The clips below a folder, in the order of person, video and clip; none is opened.

    Args:
        root: a folder at any height above the persons.
    """

    def __init__(self, root: Path):
        self._folders: list[tuple[str, str, str]] = []  # person, video, folder
        self._names: list[str] = []  # of every clip, shared by all folders
        self._of = array("i")  # folder of every clip
        for person, video, folder, names in _videos(root):
            self._of.extend([len(self._folders)] * len(names))
            self._folders.append((person, video, folder))
            self._names.extend(map(sys.intern, names))

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, place: int | slice) -> RawVideo | list[RawVideo]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        person, video, folder = self._folders[self._of[place]]
        name = self._names[place]
        title = f"{person}_{video}_{name.removesuffix(_SUFFIX)}"
        return RawVideo(person, title, Path(folder, name), "file", FPS, None, False)


def videos(root: Path, params: DataParams) -> Sequence[RawVideo]:
    """List the clips; see ``mespot.datasets.adapter.Adapter``."""
    return ClipTree(root)


def _videos(root: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield person, video, folder and names of its clips."""
    for name in _folders(root):
        if not _PERSON.fullmatch(name):
            yield from _videos(root / name)
            continue
        person = sys.intern(name)
        for video in _folders(root / name):
            folder = root / name / video
            names = _files(folder)
            if names:
                yield person, video, str(folder), names


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in listed(folder) if entry.is_dir()]


def _files(folder: Path) -> list[str]:
    return [entry.name for entry in listed(folder) if entry.name.endswith(_SUFFIX)]


ADAPTERS = {"voxceleb2": Adapter(videos, None, PUBLISHED)}
