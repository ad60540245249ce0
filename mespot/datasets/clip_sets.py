"""Sets of short labelled clips (DFEW, FERV39k, MAFW, one's own) as data for pre-training.

Every list of the folder is read (``mespot.tables.clip_list`` says how they look). The lists name no
persons, so that each clip counts as a person of its own. Frames in folders have no rate: it is
``data.clips.fps``.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.datasets.adapter import Adapter
from mespot.datasets.frame_folder import folder_video
from mespot.datasets.published import Published
from mespot.datasets.raw import RawVideo
from mespot.params.data import DataParams
from mespot.tables.clip_list import CLASS_NAMES, SPLITS, Clip, read_clip_lists
from mespot.video.frames import open_frames
from mespot.video.media import walk_media

log = logging.getLogger(__name__)
_NO_LIST = ("readme", "license", "licence", "changelog", Path(CLASS_NAMES).stem)

DFEW = Published(source="train and test list of fold 1", videos=11_697)
FERV39K = Published(source="train and test list", videos=38_935)
MAFW = Published(source="train and test list, single expressions", videos=9_172)


def find_lists(folder: Path) -> list[Path]:
    """Return the lists below a folder: every ``.txt``, and ``train*``, ``val*``, ``test*.csv``.

    Class names and read-me files are no lists. Folders of frames are not entered.
    """
    return [path for path in walk_media(folder) if _is_list(path.name.lower())]


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the clips of all lists; see ``mespot.datasets.adapter.Adapter``.

    A clip that several lists name (folds, or a test list that also serves for validation) counts
    once. Stills are left out, they hold no motion to learn from, and so are files that are no
    video; the log says how many.

    Raises:
        MespotError: no list, a faulty list, a folder without frames.
    """
    lists = find_lists(root)
    if not lists:
        raise MespotError(f"{root}: found no list of clips, expected train.txt, test.txt or alike")
    clips = {clip.path: clip for one in read_clip_lists(lists, root) for clip in one.clips}
    moving = [clips[path] for path in sorted(clips) if clips[path].kind != "picture"]
    if len(moving) < len(clips):
        log.info("%s: %d stills are left out of pre-training", root, len(clips) - len(moving))
    found = [_video(clip, root, params.clips.fps) for clip in moving]
    return [video for video in found if video is not None]


def _is_list(name: str) -> bool:
    stem, suffix = os.path.splitext(name)
    if suffix == ".txt":
        return not stem.startswith(_NO_LIST)
    return suffix == ".csv" and stem.startswith(SPLITS)


def _video(clip: Clip, root: Path, fps: float) -> RawVideo | None:
    place = clip.path.relative_to(root)
    name = "__".join((place if clip.kind == "folder" else place.with_suffix("")).parts)
    if clip.kind == "folder":
        return folder_video(name, name, clip.path, fps)
    try:
        source = open_frames(clip.path)
    except MespotError as error:
        log.warning("%s; the clip is left out", error)
        return None
    return RawVideo(name, name, clip.path, "file", source.fps, source.numbers, source.grey)


ADAPTERS = {
    "clips": Adapter(videos, None),
    "dfew": Adapter(videos, None, DFEW),
    "ferv39k": Adapter(videos, None, FERV39K),
    "mafw": Adapter(videos, None, MAFW),
}
