"""Fine-tuning of classifiers: one per granularity and subject-wise fold, one on all subjects."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch

from mespot.errors import MespotError
from mespot.events import TYPES
from mespot.faces.clips import open_clips
from mespot.files import atomic_path, read_json, write_csv, write_json
from mespot.models.weights import (
    device_for_training,
    read_description,
    save_description,
    save_weights,
)
from mespot.models.zoo import create_encoder
from mespot.training.classify import train_classifier
from mespot.training.loop import Log
from mespot.training.timeline import make_timelines

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
    faces_dir: Path,
    encoder_dir: Path,
    params: FinetuneParams,
    folds: Mapping[str, int],
    seed: int,
    work_dir: Path,
    out_dir: Path,
    log: Log,
    device: torch.device | None = None,
) -> None:
    """Train all classifiers of a data set.

    ``<out_dir>/<granularity>/fold<k>.safetensors`` never saw the subjects of fold k,
    ``all.safetensors`` saw everybody; ``model.json`` beside them says how to load them.
    ``<out_dir>/folds.csv`` and ``curve.csv`` cover all of them.

    Args:
        videos: rows of videos.csv.
        events: rows of events.csv, 0-based inclusive frames.
        faces_dir: holds ``<video>.npz`` and ``<video>.zip``.
        encoder_dir: holds ``encoder.safetensors`` and ``model.json``.
        params: section ``finetune`` of this data set.
        folds: fold of every subject.
        seed: seed of new weights, clips and augmentation.
        work_dir: finished classifiers and checkpoints, belongs to exactly these inputs.
        out_dir: see above.
        log: called after every step of every classifier.
        device: where to compute; ``None`` = CUDA if there is any, else CPU.

    Raises:
        MespotError: for a subject without fold, a fold that leaves nothing to train on, unusable
            encoder or crops, or when the loss is not finite.
    """
    device = device or device_for_training()
    strangers = sorted(set(videos["subject"]) - set(folds))
    if strangers:
        raise MespotError(f"folds: subject {strangers[0]} has no fold, found {len(folds)} subjects")
    description = read_description(encoder_dir)
    size = create_encoder(description["model"]).config["size"]
    names = videos["video"].tolist()
    clips = open_clips(
        [(faces_dir / f"{name}.npz", faces_dir / f"{name}.zip") for name in names],
        size,
        grey=description["input"] != "rgb",
        cache=work_dir / "crops.npy",
    )
    timelines = make_timelines(videos, events, clips)
    jobs = [(f"fold{fold}", fold) for fold in sorted(set(folds.values()))] + [("all", None)]
    curves = []
    for granularity in params.granularities:
        folder = granularity_folder(granularity)
        for name, fold in jobs:
            job = work_dir / folder / name
            if not (job / _CURVE).exists():
                rows = training_rows(videos["subject"].tolist(), folds, fold)
                lines = [timelines[row] for row in rows]
                if not any(len(line.events) for line in lines):
                    raise MespotError(f"finetune: {name} leaves no events to train on")
                model, curve = train_classifier(
                    clips, lines, names, encoder_dir, params, granularity, seed, job, log, device
                )
                save_weights(job / _WEIGHTS, model)
                save_description(
                    job,
                    {
                        "model": description["model"],
                        "input": description["input"],
                        "classifier": model.config,
                        "granularity": granularity,
                        "types": list(TYPES),
                    },
                )
                write_json(job / _CURVE, curve)
            curve = read_json(job / _CURVE)
            curves += [{"granularity": granularity, "classifier": name, **row} for row in curve]
    for granularity in params.granularities:
        folder = granularity_folder(granularity)
        for name, _ in jobs:
            _copy(work_dir / folder / name / _WEIGHTS, out_dir / folder / f"{name}.safetensors")
        _copy(work_dir / folder / "all" / _DESCRIPTION, out_dir / folder / _DESCRIPTION)
    write_csv(
        out_dir / "folds.csv", pd.DataFrame(sorted(folds.items()), columns=["subject", "fold"])
    )
    columns = ["granularity", "classifier", "step", "loss", "lr"]
    write_csv(out_dir / "curve.csv", pd.DataFrame(curves, columns=columns))


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
