"""The unseen test videos of MEGC 2022 and of MEGC 2023, 2024 and 2025 (one and the same set).

Both have a SAMM part (200 fps, grey, folders ``001_2`` with ``001_2_<n>.jpg``) and a CAS(ME)^3
part (30 fps, ``<n>.jpg``, numbers may have gaps): in 2022 folders ``sub01``, from 2023 on
``<person>/<clip>`` or ``<person>_<clip>``. The folders above these may have any name. The events
are secret. Sources: pages of the challenges and the label tables of entries to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.datasets.adapter import Adapter
from mespot.datasets.frame_folder import folder_videos
from mespot.datasets.published import Published
from mespot.datasets.raw import RawVideo
from mespot.params.data import DataParams
from mespot.video.folders import listed
from mespot.video.media import holds_frames

FPS = {"samm": 200.0, "cas": 30.0}
_SAMM = re.compile(r"(\d{3})_\d+")
_CAS_2022 = re.compile(r"sub(\d{1,2})", re.IGNORECASE)
_CAS_2023 = re.compile(r"([a-z]+)_([a-z]\d+)", re.IGNORECASE)
_PERSON = re.compile(r"[a-z]+", re.IGNORECASE)
_CLIP = re.compile(r"[a-z]\d+", re.IGNORECASE)

# Frame counts are left out: the two public tables differ by one frame per SAMM video.
PUBLISHED_2022 = Published(
    source="page of MEGC 2022; test tables of its entries",
    subjects=10,
    videos=10,
    names=(
        "001_2", "002_4", "003_1", "004_3", "005_7",
        "sub01", "sub02", "sub03", "sub04", "sub05",
    ),
)  # fmt: skip
PUBLISHED_2023 = Published(
    source="pages of MEGC 2023, 2024 and 2025; test tables of their entries",
    subjects=9,
    videos=30,
    names=(
        "001_2", "001_3", "002_1", "002_4", "003_1", "003_7", "004_3", "004_6", "005_2", "005_7",
        "dzw_a1", "dzw_d1", "dzw_f3", "dzw_h3", "dzw_s3",
        "gcf_a1", "gcf_d1", "gcf_f2", "gcf_h3", "gcf_s4",
        "smy_a1", "smy_d1", "smy_f2", "smy_h3", "smy_s3",
        "wy_a2", "wy_f1", "wy_f4", "wy_h1", "wy_s1",
    ),
)  # fmt: skip


def part_of(video: str) -> str:
    """Tell which of the two submission files a video belongs to.

    Args:
        video: name such as ``001_2``, ``sub01`` or ``dzw_a1``.

    Returns:
        ``samm`` or ``cas``.

    Raises:
        MespotError: a name that no edition uses.
    """
    if _SAMM.fullmatch(video):
        return "samm"
    if _CAS_2022.fullmatch(video) or _CAS_2023.fullmatch(video):
        return "cas"
    raise MespotError(
        f"video {video!r}: not a name of the MEGC test sets, expected one such as 001_2 (SAMM), "
        "sub01 (CAS 2022) or dzw_a1 (CAS 2023 to 2025)"
    )


def videos_2022(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos of MEGC 2022; see ``mespot.datasets.adapter.Adapter``."""
    return _videos(root, _named_2022, params)


def videos_2023(root: Path, params: DataParams) -> list[RawVideo]:
    """List the videos of MEGC 2023 to 2025; see ``mespot.datasets.adapter.Adapter``."""
    return _videos(root, _named_2023, params)


_Name = Callable[[str, str], tuple[str, str] | None]


def _named_2022(parent: str, name: str) -> tuple[str, str] | None:
    """Return (subject, video) of a folder, or None where it is no video."""
    if samm := _SAMM.fullmatch(name):
        return samm[1], name
    if cas := _CAS_2022.fullmatch(name):
        video = f"sub{int(cas[1]):02d}"
        return video, video
    return None


def _named_2023(parent: str, name: str) -> tuple[str, str] | None:
    if samm := _SAMM.fullmatch(name):
        return samm[1], name
    if flat := _CAS_2023.fullmatch(name):
        return flat[1].lower(), name.lower()
    if _PERSON.fullmatch(parent) and _CLIP.fullmatch(name):
        return parent.lower(), f"{parent}_{name}".lower()
    return None


def _videos(root: Path, named: _Name, params: DataParams) -> list[RawVideo]:
    places = list(_walk(root, named))
    parts = {part: [place for place in places if part_of(place[1]) == part] for part in FPS}
    return [video for part, fps in FPS.items() for video in folder_videos(parts[part], fps, params)]


def _walk(root: Path, named: _Name) -> Iterator[tuple[str, str, Path]]:
    """Yield (subject, video, folder) below ``root``, sorted, never entering frame folders."""
    for name in _folders(root):
        found = named(root.name, name)
        folder = None if found is None else _frame_folder(root / name)
        if found is None or folder is None:
            yield from _walk(root / name, named)
        else:
            yield *found, folder


def _frame_folder(folder: Path) -> Path | None:
    """Return where the frames lie, or None where the folder only groups others.

    CAS(ME)^3 keeps colour frames in a folder of its own, and unpacking may repeat a folder's name.
    """
    if holds_frames(folder):
        return folder
    inner = _folders(folder)
    for name in ("color", folder.name):
        if name in inner:
            return folder / name
    return None if inner else folder


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in listed(folder) if entry.is_dir()]


ADAPTERS = {
    "megc2022": Adapter(videos_2022, None, PUBLISHED_2022),
    "megc2023": Adapter(videos_2023, None, PUBLISHED_2023),
}
