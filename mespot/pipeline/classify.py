"""`mespot classify`: train a clip classifier on lists, test one."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mespot.classification.lists import check_readable, open_lists
from mespot.classification.model_folder import (
    class_names,
    finished_training,
    open_classifier,
    save_classifier,
    training_fingerprint,
)
from mespot.classification.results import figures_record, write_confusion, write_predictions
from mespot.classification.scoring import class_probabilities
from mespot.classification.train import judge, number_of_steps, train_clip_classifier
from mespot.core.errors import MespotError
from mespot.core.files import write_csv, write_json
from mespot.core.project import Project, exclusive
from mespot.models.classifier import Classifier
from mespot.models.weights import read_description
from mespot.params import Params, load_params
from mespot.params.classify import ClassifyParams
from mespot.pipeline.processes import live_log
from mespot.plots.confusion import save_confusion
from mespot.tables.clip_list import ClipList, read_clip_list
from mespot.tracking import StageRun, stage_run
from mespot.training.engine.distributed import Group, process_group

log = logging.getLogger(__name__)
_WORK = "work"  # checkpoints, gone when the classifier is written
_OPENED = "opened"  # marker: all clips have been opened once


def train_on_lists(
    train: Path,
    validation: Path | None,
    test: Path | None,
    root: Path,
    out: Path,
    encoder: Path | None = None,
    recipe: str = "base",
    params_file: Path | None = None,
) -> dict[str, Any]:
    """Train a classifier on a list, and score the validation and test list with it.

    Writes into ``out``: ``classifier.safetensors`` and ``model.json``, ``curve.csv``,
    ``validation.csv``, ``metrics.json``, and per scored list ``predictions.csv``,
    ``confusion.csv`` and ``confusion.png``. Called again after an interruption it goes on; called
    again after its end it only scores. Under ``torchrun`` its processes work together.

    Args:
        train: list of ``<path> <label>`` lines.
        validation: list that chooses the step, scored at every checkpoint.
        test: list that is scored at the end.
        root: folder that the paths in the lists are relative to.
        out: folder of results, of this training only.
        encoder: folder of pre-trained weights (of stage ``pretrain`` or ``import-weights``).
        recipe: key below ``classify`` in the params.
        params_file: settings; ``None`` = the project's, else the shipped ones.

    Returns:
        the content of ``metrics.json`` in process 0, nothing in the others.

    Raises:
        MespotError: faulty list, unreadable clip, unknown recipe, unusable encoder, results of
            another training in ``out``, a loss that is not finite.
    """
    with process_group() as group:
        with _one_line(group):
            params = _params(params_file)
            own = _recipe(params, recipe)
            lists = open_lists(train, validation, test, root, own.keep)
            source = _encoder(encoder, own)
            fingerprint = training_fingerprint(
                lists.train, lists.validation, source, own, params.seed
            )
            present = finished_training(out)
            if present not in (None, fingerprint):
                raise MespotError(
                    f"{out}: found a classifier of other lists, settings or encoder, expected an "
                    "empty folder or the results of this training; choose another --out"
                )
        names = class_names(lists.train.classes, lists.train.names)
        work = out / _WORK / fingerprint
        with _opened(group, work, train, fingerprint) as run:
            run.params({"recipe": recipe, **own.model_dump()})
            _use_threads(group, own)
            if present is None:
                _check_once(group, [one for one in lists[:3] if one is not None], own, work)
                log.info(
                    "%s: %d clips, %d classes, %d steps",
                    train,
                    len(lists.train.clips),
                    lists.train.classes,
                    number_of_steps(len(lists.train.clips), own),
                )
                model, curve, chosen = train_clip_classifier(
                    lists.train,
                    lists.validation,
                    source,
                    own,
                    params.seed,
                    work,
                    lambda step, values: run.metrics(values, step),
                    group,
                    live_log(run),
                )
                if group.main:
                    write_csv(out / "curve.csv", pd.DataFrame(curve))
                    columns = ["step", "uar", "war", "cross_entropy"]
                    write_csv(out / "validation.csv", pd.DataFrame(chosen, columns=columns))
                    save_classifier(out, model, source, names, own, fingerprint)
            else:
                model = open_classifier(out)[0].to(group.device)
            record: dict[str, Any] = {"test_clips_chose_the_step": lists.tuned}
            for use, clips in (("validation", lists.validation), ("test", lists.test)):
                if clips is not None:
                    folder = out / use
                    record[use] = _score(model, clips, own, source[1], names, group, folder, run)
            if group.main:
                write_json(out / "metrics.json", record)
        if group.main:
            shutil.rmtree(out / _WORK)
    return record if group.main else {}


def score_clips(
    test: Path,
    root: Path,
    model_dir: Path,
    out: Path,
    recipe: str = "base",
    params_file: Path | None = None,
) -> dict[str, Any]:
    """Score a list with a trained classifier, by the windows that it was validated with.

    Args:
        test: list of ``<path> <label>`` lines.
        root: folder that its paths are relative to.
        model_dir: ``out`` of ``train_on_lists``.
        out: folder of results: ``metrics.json``, ``predictions.csv``, ``confusion.*``.
        recipe: key below ``classify`` in the params, for batch size and loader processes.
        params_file: settings; ``None`` = the project's, else the shipped ones.

    Returns:
        the content of ``metrics.json`` in process 0, nothing in the others.

    Raises:
        MespotError: faulty list, label beyond the classes, unreadable clip or classifier.
    """
    with process_group() as group:
        with _one_line(group):
            own = _recipe(_params(params_file), recipe)
            model, description = open_classifier(model_dir)
            own = own.model_copy(update=description["protocol"])
            clips = _within(read_clip_list(test, root), description["classes"], model_dir)
        _use_threads(group, own)
        model.to(group.device)
        record = {
            "test": _score(
                model,
                clips,
                own,
                description["input"],
                description["classes"],
                group,
                out,
                StageRun("classify", None, ""),
            )
        }
        if group.main:
            write_json(out / "metrics.json", record)
    return record if group.main else {}


def _score(
    model: Classifier,
    clips: ClipList,
    params: ClassifyParams,
    input_kind: str,
    names: list[str],
    group: Group,
    folder: Path,
    run: StageRun,
) -> dict[str, Any]:
    scores = class_probabilities(model, clips, params, input_kind, group)
    found, entropy = judge(scores, clips)
    record = figures_record(found, entropy, names)
    if group.main:
        use = folder.name
        write_predictions(folder / "predictions.csv", scores, clips, names)
        write_confusion(folder / "confusion.csv", found.confusion, names)
        title = f"{clips.path.name}: UAR {found.uar:.4f}, WAR {found.war:.4f}"
        save_confusion(folder / "confusion.png", found.confusion, names, title)
        run.metrics({f"{use}/{key}": record[key] for key in ("uar", "war", "f1_macro")})
        run.artifact(folder / "confusion.png")
    return record


def _params(path: Path | None) -> Params:
    if path is None:
        with contextlib.suppress(MespotError):
            path = Project.find().params
    return load_params(path)


def _recipe(params: Params, recipe: str) -> ClassifyParams:
    if recipe not in params.classify:
        raise MespotError(
            f"--recipe: found {recipe!r}, expected a key below classify in the params: "
            f"{', '.join(params.classify)}"
        )
    return params.classify[recipe]


def _encoder(folder: Path | None, params: ClassifyParams) -> tuple[str, str, Path | None]:
    """Return factory name, input and weights of the encoder to start from."""
    if folder is None:
        return params.model, params.input, None
    description = read_description(folder)
    weights = folder / "encoder.safetensors"
    if not weights.is_file():
        raise MespotError(f"{weights}: not found, expected a folder with pre-trained weights")
    if description["input"] == "motion":
        raise MespotError(
            f"{folder}: found an encoder of input motion, which is measured in whole aligned "
            "videos; clips on lists need one of input rgb or flow"
        )
    return description["model"], description["input"], weights


def _within(clips: ClipList, names: list[str], model_dir: Path) -> ClipList:
    if clips.classes > len(names):
        worst = max(clips.clips, key=lambda clip: clip.label)
        raise MespotError(
            f"{clips.path}: line {worst.line}: found label {worst.label}, expected 0 to "
            f"{len(names) - 1}, the classes of {model_dir}"
        )
    return ClipList(clips.path, clips.root, clips.split, clips.clips, len(names), tuple(names))


def _check_once(group: Group, lists: list[ClipList], params: ClassifyParams, work: Path) -> None:
    with group.together():
        if group.main and not (work / _OPENED).exists():
            check_readable(lists, params)
            (work / _OPENED).touch()


def _use_threads(group: Group, params: ClassifyParams) -> None:
    if group.device.type == "cpu":
        torch.set_num_threads(params.threads or os.cpu_count() or 1)


@contextlib.contextmanager
def _one_line(group: Group) -> Iterator[None]:
    """Let process 0 alone speak where all of them find the same fault."""
    try:
        yield
    except MespotError:
        if group.main:
            raise
        raise SystemExit(1) from None


@contextlib.contextmanager
def _opened(group: Group, work: Path, train: Path, fingerprint: str) -> Iterator[StageRun]:
    """Hold the lock of the work folder and an MLflow run, in process 0."""
    with contextlib.ExitStack() as stack:
        run = StageRun("classify", train.stem, fingerprint)
        try:
            with group.together():
                if group.main:
                    stack.enter_context(exclusive(work))
                    with contextlib.suppress(MespotError):
                        home = Project.find().home
                        run = stack.enter_context(
                            stage_run("classify", train.stem, fingerprint, home)
                        )
        except MespotError:
            if group.main:
                raise
            raise SystemExit(1) from None
        yield run
