"""Where the raw frames of a data set lie."""

from __future__ import annotations

from pathlib import Path

from mespot.core.errors import MespotError
from mespot.core.files import read_json
from mespot.core.project import Project
from mespot.params import Params


def raw_root(params: Params, project: Project) -> Path:
    """Folder that holds one folder of raw frames and sheets per data set.

    `data.root` when that is set (relative to the repository, or absolute); else the embedded data,
    in the folder that the synth stage has noted.

    Raises:
        MespotError: the embedded frames were deleted; DVC keeps only their checksums.
    """
    if params.data.root:
        return project.root / Path(params.data.root).expanduser()
    folder = read_json(project.artifact("synth", "source.json"))["folder"]
    root = project.embedded / folder
    if not root.is_dir():
        raise MespotError(f"{root}: the embedded frames are missing, `mespot synth` renders them")
    return root
