"""Where the raw frames of a data set lie."""

from __future__ import annotations

from pathlib import Path

from mespot.files import read_json
from mespot.params import Params
from mespot.project import Project


def raw_root(params: Params, project: Project) -> Path:
    """Folder that holds one folder of raw frames and sheets per data set.

    `data.root` when that is set (relative to the repository, or absolute); else the embedded data,
    in the folder that the synth stage has noted.
    """
    if params.data.root:
        return project.root / Path(params.data.root).expanduser()
    folder = read_json(project.artifact("synth", "source.json"))["folder"]
    return project.embedded / folder
