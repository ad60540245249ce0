"""The one training loop: schedule, checkpoints, resume, figures, many processes.

Which weights are kept: ``last``, the default, takes those after the last step, and looks at
nothing to choose them. ``best`` takes those of the checkpoint step with the lowest loss: on the
validation clips where the training has some (they come from training subjects, see
``mespot.training.validation``; the subjects that will be scored are never seen), else the mean
training loss since the checkpoint before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mespot.training.engine.checkpoint import clear_torn, load_best
from mespot.training.engine.distributed import Group, alone
from mespot.training.engine.meter import Meter
from mespot.training.engine.prefetch import prefetched
from mespot.training.engine.settings import LoopSettings
from mespot.training.engine.state import State, check_same_step
from mespot.training.engine.step import Stepper
from mespot.training.engine.task import Task

Log = Callable[[int, dict[str, float]], None]


def silent(step: int, values: dict[str, float]) -> None:
    """Log nothing."""


def log_again(curve: Sequence[Mapping[str, float]], log: Log) -> None:
    """Log the steps of a curve that an earlier process has made."""
    for row in curve:
        log(int(row["step"]), {key: value for key, value in row.items() if key != "step"})


def fit(
    task: Task,
    settings: LoopSettings,
    seed: int,
    work_dir: Path,
    log: Log,
    *,
    live: Log = silent,
    group: Group | None = None,
    validate: Callable[[], float] | None = None,
    after_step: Callable[[int], None] | None = None,
) -> list[dict[str, float]]:
    """Train ``task.model``, resuming from ``work_dir`` when it holds a checkpoint.

    The batch and all random numbers of a step depend on seed and step only, so that a resumed
    run ends with the same bytes as an uninterrupted one (CPU, same number of processes). The
    model ends in evaluation mode, with the averaged weights where an average is kept.

    Args:
        task: data, input and loss.
        settings: see ``LoopSettings``.
        seed: seed of dropout.
        work_dir: folder of the checkpoints, of this training only; several machines share it.
        log: called by process 0 after every step with loss, rate and figures; of steps that the
            checkpoint holds, at once, so that the log of a resumed run is whole.
        live: called by process 0 every ``log_every`` steps with what depends on the machine:
            ``gradient_norm`` (before clipping), ``loss_scale`` (fp16) and the figures of
            ``Meter``.
        group: the processes that train together; ``None`` = this one alone.
        validate: loss of the validation clips; all processes call it together.
        after_step: called by process 0 with the number of steps made.

    Returns:
        one row per step: ``step``, ``loss``, ``lr`` and the figures.

    Raises:
        MespotError: when loss or gradient is no longer finite, naming the clips; the last
            checkpoint stays. When a checkpoint is damaged or of other settings.
    """
    group = group or alone(next(task.model.parameters()).device)
    settings.check(group.world)
    state = State(task.model, task.encoder, settings, seed, work_dir)
    with group.together():
        state.restore()
    check_same_step(group.gather(len(state.curve)), work_dir)
    if group.main:
        clear_torn(work_dir)
        log_again(state.curve, log)
    stepper = Stepper(task, settings, seed, state, group)
    meter = Meter(state.device)
    task.model.train()
    start = len(state.curve)
    drawn = prefetched(stepper.draw, stepper.keys(start), settings.prefetch)
    with contextlib.closing(drawn) as batches:
        for step in range(start, settings.stop):
            outcome = stepper(step, batches, meter)
            if state.average:
                state.average.update(task.model, step)
            values = {"loss": outcome.loss, "lr": outcome.rate, **outcome.figures}
            state.curve.append({"step": step, **values})
            meter.count(settings.batch)
            last = step + 1 == settings.stop
            if group.main:
                log(step, values)
                if last or (step + 1) % settings.log_every == 0:
                    scale = state.precision.figures()
                    live(step, {"gradient_norm": outcome.gradient, **scale, **meter.read()})
                if after_step:
                    after_step(step + 1)
            if last or (step + 1) % settings.checkpoint_every == 0:
                _checkpoint(state, settings, validate, group, last)
    if state.best:
        best = load_best(work_dir, int(state.best["step"]), state.device)
        task.model.load_state_dict(best)
    elif state.average:
        task.model.load_state_dict(state.average.state)
    task.model.eval()
    return state.curve


def _checkpoint(
    state: State,
    settings: LoopSettings,
    validate: Callable[[], float] | None,
    group: Group,
    last: bool,
) -> None:
    if settings.keep == "best":
        if validate:
            with state.as_saved():
                loss = validate()
        else:
            recent = [row["loss"] for row in state.curve[-settings.checkpoint_every :]]
            loss = sum(recent) / len(recent)
        with group.together():
            state.note_best(loss, group.main)
    if group.main and not last:
        state.save()
