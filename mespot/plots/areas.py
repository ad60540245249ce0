"""Facial areas: regions of one area share a lane and a colour of the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """A part of the face.

    Attributes:
        name: label of its lane.
        prefixes: beginnings of the names of its regions.
        colours: of the subject's right side, the middle and the left side.
    """

    name: str
    prefixes: tuple[str, ...]
    colours: tuple[str, str, str]


AREAS = (
    Area("brows", ("brow", "glabella"), ("#4a2377", "#7b52ab", "#a98bd0")),
    Area("lids", ("lid", "eye"), ("#0b5d4f", "#1f9e89", "#74c9b8")),
    Area("nose, cheeks", ("nose", "cheek", "infraorbital"), ("#8a5a00", "#c98a12", "#e3b95c")),
    Area("lips", ("upper_lip", "lower_lip", "lip", "mouth"), ("#8f1335", "#d1335b", "#ee8ba4")),
    Area("chin", ("chin", "jaw"), ("#37474f", "#607d8b", "#9fb3bd")),
)
OTHER = Area("other", ("",), ("#333333", "#666666", "#999999"))


def group_regions(regions: Sequence[str]) -> list[tuple[Area, list[int]]]:
    """Sort regions into areas, top of the face first.

    Args:
        regions: names of R regions; ``_r`` and ``_l`` at the end mark the subject's sides.

    Returns:
        the areas that occur, each with the positions of its regions.
    """
    members: dict[str, list[int]] = {}
    for position, name in enumerate(regions):
        area = next((area for area in AREAS if name.startswith(area.prefixes)), OTHER)
        members.setdefault(area.name, []).append(position)
    return [(area, members[area.name]) for area in (*AREAS, OTHER) if area.name in members]


def side_colour(area: Area, region: str) -> str:
    """Return the colour of a region: dark on the subject's right, light on the left."""
    right, middle, left = area.colours
    return right if region.endswith("_r") else left if region.endswith("_l") else middle


def outward(region: str) -> float:
    """Return the sign that makes horizontal motion away from the middle of the face positive.

    The subject's right side is the left half of the picture, where outward is towards -x; a region
    in the middle counts motion to the right of the picture.
    """
    return -1.0 if region.endswith("_r") else 1.0
