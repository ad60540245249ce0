"""Fine-tuning of classifiers: one per granularity and subject-wise fold, one on all subjects."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.core.files import atomic_path, read_json, write_csv, write_json
from mespot.crops.clips import ClipSet, open_clips
from mespot.models.weights import read_description, save_description, save_weights
from mespot.models.zoo import create_encoder
from mespot.training.engine.distributed import Group, alone
from mespot.training.engine.loop import Log, log_again, silent
from mespot.training.sampling.timeline import make_timelines
from mespot.training.spotting_classifier import train_classifier
from mespot.training.validation import split_subjects

if TYPE_CHECKING:
    from mespot.params.finetune import FinetuneParams


_WEIGHTS = "weights.safetensors"
_DESCRIPTION = "model.json"
_CURVE = "curve.json"  # written last: a classifier with a curve is finished


def granularity_folder(granularity: float) -> str:
    """Folder name of a granularity, seconds: ``0.5``, ``2``."""
    return f"{granularity:g}"


def finetune(
    videos: pd.DataFrame,
    events: pd.DataFrame,
    archives: Sequence[tuple[Path, Path]],
    encoder_dir: Path,
    params: FinetuneParams,
    folds: Mapping[str, int],
    seed: int,
    work_dir: Path,
    out_dir: Path,
    log: Log,
    device: torch.device | None = None,
    jobs: int = 1,
    *,
    live: Log = silent,
    group: Group | None = None,
) -> None:
    """Train all classifiers of a data set.

    ``<out_dir>/<granularity>/fold<k>.safetensors`` never saw the subjects of fold k,
    ``all.safetensors`` saw everybody; ``model.json`` beside them says how to load them.
    ``<out_dir>/folds.csv`` and ``curve.csv`` cover all of them.

    Args:
        videos: rows of videos.csv.
        events: rows of events.csv, 0-based inclusive frames.
        archives: of every video what the encoder sees, see ``open_clips``.
        encoder_dir: holds ``encoder.safetensors`` and ``model.json``.
        params: section ``finetune`` of this data set.
        folds: fold of every subject.
        seed: seed of new weights, clips and augmentation.
        work_dir: finished classifiers and checkpoints, belongs to exactly these inputs.
        out_dir: see above.
        log: called with every step of every classifier, values named by classifier; those of
            classifiers and steps that are done already, too.
        device: where to compute; ``None`` = CUDA if there is any, else CPU.
        jobs: classifiers trained at once on a CPU, each on one core (a small network gains
            nothing from a second one); 0 = all cores. The result does not depend on it. Several
            processes of a ``group`` train one classifier after the other, together.
        live: called with figures of this machine, see ``fit``; nothing from classifiers that
            train side by side.
        group: the processes that train together, which brings its own device; process 0 writes
            and logs.

    Raises:
        MespotError: for a subject without fold, a fold that leaves nothing to train on, unusable
            encoder or crops, or when the loss is not finite.
    """
    group = group or alone(device)
    strangers = sorted(set(videos["subject"]) - set(folds))
    if strangers:
        raise MespotError(f"folds: subject {strangers[0]} has no fold, found {len(folds)} subjects")
    description = read_description(encoder_dir)
    clips = group.main_first(lambda: _open(archives, description, work_dir / "crops.npy"))
    timelines = make_timelines(videos, events, clips)
    folded = [(f"fold{fold}", fold) for fold in sorted(set(folds.values()))] + [("all", None)]
    tasks = []
    for name, fold in folded:
        rows = training_rows(videos["subject"].tolist(), folds, fold)
        if not any(len(timelines[row].events) for row in rows):
            raise MespotError(f"finetune: {name} leaves no events to train on")
        held_out: list[int] = []
        if params.validation:
            subjects = [str(videos["subject"].iloc[row]) for row in rows]
            busy = [len(timelines[row].events) > 0 for row in rows]
            learn, choose = split_subjects(subjects, busy, params.validation, seed, name)
            rows, held_out = [rows[row] for row in learn], [rows[row] for row in choose]
        tasks += [
            _Task(
                work_dir / granularity_folder(granularity) / name,
                list(archives),
                encoder_dir,
                work_dir / "crops.npy",
                videos,
                events,
                rows,
                held_out,
                params,
                granularity,
                seed,
            )
            for granularity in params.granularities
        ]
    tasks.sort(key=lambda task: params.granularities.index(task.granularity))
    finished = group.shared([(task.folder / _CURVE).exists() for task in tasks])
    if group.device.type == "cpu" and group.world == 1 and jobs != 1:
        from mespot.core.parallel import map_videos

        arguments = [
            (task, silent, silent, group)
            for task, done in zip(tasks, finished, strict=True)
            if not done
        ]
        map_videos(_train, arguments, jobs, "classifiers")
        for task in tasks:
            for row in read_json(task.folder / _CURVE):
                task.named(log)(int(row["step"]), {"loss": row["loss"]})
    else:
        for task, done in zip(tasks, finished, strict=True):
            if not done:
                _train(task, log, live, group)
            elif group.main:
                log_again(read_json(task.folder / _CURVE), task.named(log))
    if group.main:
        _publish(tasks, [name for name, _ in folded], folds, params, work_dir, out_dir)


def _publish(
    tasks: Sequence[_Task],
    names: Sequence[str],
    folds: Mapping[str, int],
    params: FinetuneParams,
    work_dir: Path,
    out_dir: Path,
) -> None:
    curves = [
        {"granularity": task.granularity, "classifier": task.folder.name, **row}
        for task in tasks
        for row in read_json(task.folder / _CURVE)
    ]
    for granularity in params.granularities:
        folder = granularity_folder(granularity)
        for name in names:
            _copy(work_dir / folder / name / _WEIGHTS, out_dir / folder / f"{name}.safetensors")
        _copy(work_dir / folder / "all" / _DESCRIPTION, out_dir / folder / _DESCRIPTION)
    write_csv(
        out_dir / "folds.csv", pd.DataFrame(sorted(folds.items()), columns=["subject", "fold"])
    )
    columns = ["granularity", "classifier", "step", "loss", "lr"]
    write_csv(out_dir / "curve.csv", pd.DataFrame(curves, columns=columns))


@dataclass(frozen=True)
class _Task:
    """What one process needs to train one classifier."""

    folder: Path
    archives: list[tuple[Path, Path]]
    encoder_dir: Path
    cache: Path
    videos: pd.DataFrame
    events: pd.DataFrame
    rows: list[int]
    held_out: list[int]
    params: FinetuneParams
    granularity: float
    seed: int

    def named(self, log: Log) -> Log:
        """Log under the name of this classifier."""
        name = f"{self.folder.parent.name}_{self.folder.name}"
        return lambda step, values: log(step, {f"{key}/{name}": values[key] for key in values})


def _train(task: _Task, log: Log, live: Log, group: Group) -> None:
    if group.device.type == "cpu":
        torch.set_num_threads(1)
    description = read_description(task.encoder_dir)
    names = task.videos["video"].tolist()
    clips = _open(task.archives, description, task.cache)
    timelines = make_timelines(task.videos, task.events, clips)
    model, curve = train_classifier(
        clips,
        [timelines[row] for row in task.rows],
        names,
        task.encoder_dir,
        task.params,
        task.granularity,
        task.seed,
        task.folder,
        task.named(log),
        group,
        [timelines[row] for row in task.held_out],
        task.named(live),
    )
    if not group.main:
        return
    save_weights(task.folder / _WEIGHTS, model)
    save_description(
        task.folder,
        {
            "model": description["model"],
            "input": description["input"],
            "classifier": model.config,
            "granularity": task.granularity,
            "types": list(TYPES),
        },
    )
    write_json(task.folder / _CURVE, curve)


def _open(archives: Sequence[tuple[Path, Path]], description: dict, cache: Path) -> ClipSet:
    return open_clips(
        archives,
        create_encoder(description["model"]).config["size"],
        grey=description["input"] != "rgb",
        cache=cache,
    )


def training_rows(subjects: Sequence[str], folds: Mapping[str, int], fold: int | None) -> list[int]:
    """Rows of the videos that the classifier of a fold may learn from.

    Args:
        subjects: subject of every video.
        folds: fold of every subject.
        fold: the fold that must not be seen; ``None`` = nothing is held out.
    """
    return [row for row, subject in enumerate(subjects) if folds[subject] != fold]


def _copy(source: Path, destination: Path) -> None:
    with atomic_path(destination) as temporary:
        shutil.copyfile(source, temporary)
