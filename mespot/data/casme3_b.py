"""CAS(ME)^3 part B: 116 persons x 13 clips without annotations, for pre-training."""

from __future__ import annotations

import re
from pathlib import Path

from mespot.data.adapter import Adapter
from mespot.data.casme3_layout import FPS, colour_folders
from mespot.data.frame_folder import folder_videos
from mespot.data.published import Published
from mespot.data.raw import RawVideo
from mespot.params.data import DataParams

_CLIP = re.compile(r".+")
PUBLISHED = Published(source="page of CAS(ME)^3", subjects=116, videos=1508, me=0, mae=0)


def videos(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos; see ``mespot.data.adapter.Adapter``."""
    return folder_videos(colour_folders(root, "b", _CLIP)[0], FPS, params)


def surplus(root: Path, params: DataParams) -> list[tuple[str, str]]:
    """List what was not taken; see ``mespot.data.adapter.Adapter``."""
    return colour_folders(root, "b", _CLIP)[1]


ADAPTERS = {"casme3_b": Adapter(videos, None, PUBLISHED, surplus)}
