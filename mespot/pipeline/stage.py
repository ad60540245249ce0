"""The frame around every stage: params, fingerprint, lock, tracking, record."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mespot.core.errors import MespotError
from mespot.core.files import write_json
from mespot.core.fingerprint import stage_fingerprint
from mespot.core.project import Project, exclusive
from mespot.params import Params, load_params
from mespot.tracking import StageRun, stage_run

log = logging.getLogger(__name__)
_UNLABELLED = "_unlabelled"  # ending of a stage's entry in dvc.yaml for sets without labels


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
def open_stage(name: str, dataset: str | None = None, **item: Any) -> Iterator[Stage]:
    """Prepare a stage, yield it, and write its record when it ends well.

    The record, ``artifacts/runs/<stage>[/<matrix values>]/run.json``, is an out of its own: it
    names the fingerprint, so it changes with every line of code, and no later stage may run again
    for that alone.

    Args:
        name: stage name in ``dvc.yaml``; an unlabelled data set has the entry
            ``<name>_unlabelled`` there, which runs the same script.
        dataset: data set, where the stage fans out over them.
        item: further matrix values.

    Raises:
        MespotError: data set not among those of the stage; the same stage already running.
    """
    project = Project.find()
    params = load_params(project.params)
    entry = name
    if dataset is not None:
        entry = _entry(name, dataset, params)
        item = {"dataset": dataset, **item}
    fingerprint = stage_fingerprint(project.root, entry, item)
    work = project.work(name, fingerprint)
    with exclusive(work), stage_run(name, dataset, fingerprint, project.home) as run:
        log.info("%s %s", name, " ".join(str(value) for value in item.values()))
        yield Stage(project, params, work, run)
        values = [str(value) for value in item.values()]
        write_json(project.artifact("runs", name, *values, "run.json"), run.record)


def datasets_of(name: str, params: Params) -> tuple[str, ...]:
    """Return the data sets that a stage runs on: the first ones also serve unlabelled ones."""
    unlabelled = name in ("index", "preprocess", "sheet", "motion")
    return params.datasets + (params.unlabelled if unlabelled else ())


def _entry(name: str, dataset: str, params: Params) -> str:
    """Return the entry in ``dvc.yaml`` that runs a stage on a data set."""
    if dataset not in datasets_of(name, params):
        listed = f"params.yaml lists {', '.join(datasets_of(name, params))}"
        if dataset in params.unlabelled:
            listed += f"; {dataset} is among the unlabelled, which serve pre-training alone"
        raise MespotError(f"dataset: found {dataset!r}, {listed}")
    return name + _UNLABELLED if dataset in params.unlabelled else name


def fresh(folder: Path) -> Path:
    """Return an empty folder: what an earlier run with other settings left is removed."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder
