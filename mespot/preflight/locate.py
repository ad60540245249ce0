"""Finding the folder of a data set, and saying what lies there when it is not the right one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.core.project import Project
from mespot.params import Params
from mespot.pipeline.raw import raw_root
from mespot.preflight.finding import few

# what the owners' downloads are called, for users who unpacked them one folder too high
_SIGNS = {
    "samm_lv": r"samm_?long_?videos.*|\d{3}_[1-7]",
    "casme2": r"rawpic|rawvideo|longvideofacecropped|cropped|cas\(me\)\^?2.*|casme_?sq.*|s\d\d",
    "casme3": r"part_a|spno\.\d+|cas\(me\)\^?3_?part_a.*",
    "casme3_b": r"part_b|spno\.\d+|cas\(me\)\^?3_?part_b.*",
    "megc2022": r"sub\d+|cas_.*|samm_.*|00\d_\d",
    "megc2023": r"cas_.*|samm_.*|00\d_\d|(dzw|gcf|smy|wy)(_..)?",
    "voxceleb2": r"vox_?(celeb)?2?.*|dev|test|mp4|id\d{5}",
}


@dataclass(frozen=True)
class Place:
    """Where a data set lies.

    Attributes:
        root: data root, absolute.
        dataset: name of the data set's folder in it.
        origin: ``embedded``, ``data.root`` or ``--root``: who named the root.
    """

    root: Path
    dataset: str
    origin: str

    @property
    def folder(self) -> Path:
        """Folder of the data set."""
        return self.root / self.dataset


def place_of(dataset: str, project: Project, params: Params, root: Path | None) -> Place:
    """Say where a data set is looked for.

    Args:
        dataset: name of the data set.
        project: its ``data.root`` is relative to the repository.
        params: of the project.
        root: overrides ``data.root``; relative to the current folder.

    Raises:
        MespotError: the embedded data have not been rendered.
    """
    if root is not None:
        return Place(Path(os.path.abspath(root.expanduser())), dataset, "--root")
    if params.data.root:
        return Place(Path(os.path.abspath(raw_root(params, project))), dataset, "data.root")
    if not project.artifact("synth", "source.json").is_file():
        raise MespotError("the embedded data are not rendered yet, `mespot synth` renders them")
    return Place(raw_root(params, project), dataset, "embedded")


def misplacement(place: Place) -> str | None:
    """Say in one line why a data set cannot be read from its place, ``None`` when it can.

    Names what was found instead and how to move it to the right place.
    """
    root, dataset = place.root, place.dataset
    if not root.is_dir():
        kind = "a file" if root.exists() else "nothing"
        relative = ", taken from the repository" if place.origin == "data.root" else ""
        return (
            f"{root} ({place.origin}{relative}): found {kind}, expected a folder with one folder "
            "per data set"
        )
    try:
        names = sorted(entry.name for entry in os.scandir(root) if not entry.name.startswith("."))
    except OSError as error:
        return f"{root}: cannot be read ({error.strerror})"
    # the list, not the file system, decides: some disks do not tell SAMM_LV from samm_lv
    if dataset in names:
        return None if place.folder.is_dir() else f"{place.folder}: found a file, expected a folder"
    for name in names:
        if _letters(name) == _letters(dataset) and (root / name).is_dir():
            return (
                f"{root}: found {name}, expected the name {dataset}; rename it, or "
                f"`ln -s '{name}' '{root / dataset}'`"
            )
    if _letters(root.name) == _letters(dataset):
        return (
            f"{root}: this is the folder of the data set itself; the root is the folder above, "
            f"{root.parent}" + ("" if root.name == dataset else f", and its name must be {dataset}")
        )
    signs = re.compile(_SIGNS.get(dataset, r"(?!)"), re.IGNORECASE)
    own = [name for name in names if signs.fullmatch(name)]
    if own:
        return (
            f"{root}: found {few(own)} directly below the root, expected them in "
            f"{root / dataset}; move them there, or `ln -s '{root}' '{root.parent / dataset}'` "
            f"and take {root.parent} as root"
        )
    return (
        f"{place.folder}: not found, expected the folder of data set {dataset}; {root} holds "
        f"{few(names) if names else 'nothing'}"
    )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
