"""The frame around every stage: params, fingerprint, lock, tracking, record."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mespot.errors import MespotError
from mespot.files import write_json
from mespot.fingerprint import stage_fingerprint
from mespot.params import Params, load_params
from mespot.project import Project, exclusive
from mespot.tracking import StageRun, stage_run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """What a stage function works with.

    Attributes:
        project: paths of the checkout.
        params: all settings; a stage reads only the sections that ``dvc.yaml`` names for it.
        work: its folder for checkpoints and partial results, the same after an interruption.
        run: its MLflow run.
    """

    project: Project
    params: Params
    work: Path
    run: StageRun


@contextlib.contextmanager
def open_stage(
    name: str, record: Path | None = None, dataset: str | None = None, **item: Any
) -> Iterator[Stage]:
    """Prepare a stage, yield it, and write its record when it ends well.

    Args:
        name: stage name in ``dvc.yaml``.
        record: file below ``artifacts/`` for the record of the run (``run.json``), relative.
        dataset: data set, where the stage fans out over them.
        item: further matrix values.

    Raises:
        MespotError: data set not among ``datasets``; the same stage already running.
    """
    project = Project.find()
    params = load_params(project.params)
    if dataset is not None and dataset not in params.datasets:
        raise MespotError(
            f"dataset: found {dataset!r}, params.yaml lists {', '.join(params.datasets)}"
        )
    if dataset is not None:
        item = {"dataset": dataset, **item}
    fingerprint = stage_fingerprint(project.root, name, item)
    work = project.work(name, fingerprint)
    with exclusive(work), stage_run(name, dataset, fingerprint, project.home) as run:
        log.info("%s %s", name, " ".join(str(value) for value in item.values()))
        yield Stage(project, params, work, run)
        if record is not None:
            write_json(project.artifact() / record, run.record)


def fresh(folder: Path) -> Path:
    """Return an empty folder: what an earlier run with other settings left is removed."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder
