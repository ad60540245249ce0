"""A training stage in one process, or in several that ``torchrun`` started."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mespot.core.project import Project
from mespot.params import load_params
from mespot.pipeline.stage import Stage, open_stage
from mespot.tracking import StageRun
from mespot.training.engine.distributed import Group
from mespot.training.engine.loop import Log


@contextlib.contextmanager
def open_together(group: Group, name: str, dataset: str | None = None) -> Iterator[Stage]:
    """Open a stage in process 0; the others get its work folder and a run that goes nowhere.

    Lock, MLflow run and outputs belong to process 0. When it cannot open the stage, all processes
    end with its line: whichever ends first, ``torchrun`` stops the others, so each has to say why.

    Args:
        group: the processes; several machines share the project's folder.
        name: see ``open_stage``.
        dataset: see ``open_stage``.
    """
    if group.main:
        with contextlib.ExitStack() as stack:
            with group.together():
                stage = stack.enter_context(open_stage(name, dataset))
            group.shared(str(stage.work))
            yield stage
        return
    with group.together():
        project = Project.find()
        params = load_params(project.params)
    yield Stage(project, params, Path(group.shared(None)), StageRun(name, dataset, ""))


def live_log(run: StageRun) -> Log:
    """Log figures of this machine to MLflow alone.

    They differ from run to run, so they must not enter ``run.json``, which is an output.
    """

    def log(step: int, values: dict[str, float]) -> None:
        named = {f"machine/{key}": value for key, value in values.items()}
        run.metrics(named, step)
        for key in named:
            run.record["curves"].pop(key, None)

    return log
