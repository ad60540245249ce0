"""Stage `gather`: the videos of all listed data sets that pre-training learns from.

Pre-training cannot depend on the folders of crops: a data set that ``params.yaml`` no longer lists
may still lie in them. It depends on this table instead, which holds the checksum of everything
that it reads, so that it runs again when and only when that has changed.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.files import write_csv
from mespot.core.fingerprint import hash_path
from mespot.core.project import Project
from mespot.params import Params, load_params
from mespot.pipeline.model_inputs import model_input_files
from mespot.pipeline.stage import fresh

_COLUMNS = ["dataset", "video", "track", "clip"]


def gather() -> None:
    """Write ``artifacts/gather/videos.csv``. Not worth an MLflow run.

    Columns ``dataset``, ``video``, and the SHA-256 of its FaceTrack (``track``) and of its crops
    or motion (``clip``), in the order of ``params.yaml``. It has no rows where videos of a list or
    of shards are pre-trained on.
    """
    project = Project.find()
    params = load_params(project.params)
    rows = _rows(project, params) if params.pretrain.source == "crops" else []
    out = fresh(project.artifact("gather"))
    write_csv(out / "videos.csv", pd.DataFrame(rows, columns=_COLUMNS))


def gathered(project: Project, kind: str) -> list[tuple[Path, Path]]:
    """Return what a network sees of the gathered videos, see ``model_input_files``.

    Args:
        project: paths of the checkout.
        kind: ``input`` of the network.

    Raises:
        MespotError: the videos were not gathered.
    """
    path = project.artifact("gather", "videos.csv")
    if not path.is_file():
        raise MespotError(f"{path}: not there, run `mespot gather` first")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [
        files
        for dataset in table["dataset"].unique()
        for files in model_input_files(
            project, dataset, table.loc[table["dataset"] == dataset, "video"].tolist(), kind
        )
    ]


def _rows(project: Project, params: Params) -> list[tuple[str, str, str, str]]:
    rows = []
    for dataset in (*params.datasets, *params.unlabelled):
        folder = project.artifact("faces", dataset)
        names = [path.stem for path in sorted(folder.glob("*.npz"))]
        if not names:
            raise MespotError(f"{folder}: no crops, run `mespot preprocess -d {dataset}` first")
        files = model_input_files(project, dataset, names, params.pretrain.input)
        for name, (track, clip) in zip(names, files, strict=True):
            if not clip.is_file():
                raise MespotError(f"{clip}: not there, run `mespot motion -d {dataset}` first")
            rows.append((dataset, name, hash_path(track), hash_path(clip)))
    return rows
