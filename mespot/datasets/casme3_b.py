"""CAS(ME)^3 part B: 116 persons x 13 clips without annotations, for pre-training."""

from __future__ import annotations

import re
from pathlib import Path

from mespot.datasets.adapter import Adapter
from mespot.datasets.casme3_layout import FPS, colour_folders
from mespot.datasets.frame_folder import folder_videos
from mespot.datasets.published import Published
from mespot.datasets.raw import RawVideo
from mespot.params.data import DataParams

_CLIP = re.compile(r".+")
PUBLISHED = Published(source="page of CAS(ME)^3", subjects=116, videos=1508, me=0, mae=0)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos; see ``mespot.datasets.adapter.Adapter``."""
    return folder_videos(colour_folders(root, "b", _CLIP)[0], FPS, params)


def surplus(root: Path, params: DataParams) -> list[tuple[str, str]]:
    """List what was not taken; see ``mespot.datasets.adapter.Adapter``."""
    return colour_folders(root, "b", _CLIP)[1]


ADAPTERS = {"casme3_b": Adapter(videos, None, PUBLISHED, surplus)}
