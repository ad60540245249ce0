"""Training of a clip classifier: validate at every checkpoint, keep the best by UAR."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mespot.classification.metrics import ClipMetrics, clip_metrics
from mespot.classification.scoring import class_probabilities
from mespot.classification.task import Classification
from mespot.core.errors import MespotError
from mespot.core.files import read_json, write_json
from mespot.models.classifier import Classifier
from mespot.models.weights import load_weights
from mespot.models.zoo import create_encoder
from mespot.tables.clip_list import ClipList
from mespot.training.engine.distributed import Group
from mespot.training.engine.loop import Log, fit, silent
from mespot.training.engine.seeding import seeded
from mespot.training.engine.settings import LoopSettings, loop_settings

if TYPE_CHECKING:
    from mespot.params.classify import ClassifyParams

_VALIDATION = "validation.json"
_TIE = 1e-6  # weight of the cross-entropy, which decides between equal UARs


def number_of_steps(clips: int, params: ClassifyParams) -> int:
    """Optimiser steps of ``epochs`` passes over a training list of ``clips``."""
    return max(1, round(params.epochs * clips / params.batch))


def train_clip_classifier(
    train: ClipList,
    validation: ClipList | None,
    encoder: tuple[str, str, Path | None],
    params: ClassifyParams,
    seed: int,
    work_dir: Path,
    log: Log,
    group: Group,
    live: Log = silent,
) -> tuple[Classifier, list[dict[str, float]], list[dict[str, float]]]:
    """Train a classifier on a list.

    Validation uses the test's protocol (fixed windows, no augmentation), every
    ``checkpoint_every`` steps and after the last; the weights with the highest UAR stay, where
    two are equal those with the lower cross-entropy.

    Args:
        train: the training list.
        validation: the list that chooses the step; ``None`` with ``keep: last``.
        encoder: factory name, ``input``, and pre-trained weights (``None`` = fresh ones).
        params: section ``classify``.
        seed: seed of new weights, order, clips, augmentation, stochastic depth.
        work_dir: checkpoints, of this training only.
        log: called after every step.
        group: the processes that train together.
        live: called with figures of this machine, see ``fit``.

    Returns:
        the classifier in evaluation mode, its curve, and one row per validation: ``step``
        (finished steps), ``uar``, ``war``, ``cross_entropy``.

    Raises:
        MespotError: a clip or encoder that cannot be read, ``keep: best`` without validation, a
            loss that is not finite.
    """
    if params.keep == "best" and validation is None:
        raise MespotError("classify.keep: found best without a validation list, expected --val")
    name, input_kind, weights = encoder
    with seeded(seed):
        model = Classifier(create_encoder(name, params.drop_path), train.classes)
    if weights is not None:
        load_weights(weights, model.encoder)
    model.to(group.device)
    settings = classify_settings(len(train.clips), params)
    path = work_dir / _VALIDATION
    rows = {int(row["step"]): row for row in (read_json(path) if path.exists() else [])}
    finished = 0

    def after_step(count: int) -> None:
        nonlocal finished
        finished = count

    def validate() -> float:
        scores = class_probabilities(model, validation, params, input_kind, group)
        found, entropy = judge(scores, validation)
        if group.main:
            rows[finished] = {
                "step": finished,
                # as read back after an interruption, so that the table has the same bytes
                **{
                    name: round(value, 6)
                    for name, value in (
                        ("uar", found.uar),
                        ("war", found.war),
                        ("cross_entropy", entropy),
                    )
                },
            }
            # written before the checkpoint: a step that is made again writes the same row again
            write_json(path, [rows[step] for step in sorted(rows)])
        return 1 - found.uar + _TIE * min(entropy, 1e3)

    task = Classification(model, train, params, input_kind, seed, settings.stop, group)
    with contextlib.closing(task):
        curve = fit(
            task,
            settings,
            seed,
            work_dir,
            log,
            live=live,
            group=group,
            validate=validate if validation is not None else None,
            after_step=after_step,
        )
    return model, curve, [rows[step] for step in sorted(rows)]


def classify_settings(clips: int, params: ClassifyParams) -> LoopSettings:
    """Return the loop's settings; the number of steps follows from the list and ``epochs``."""
    return loop_settings(params, steps=number_of_steps(clips, params))


def judge(scores: np.ndarray, clips: ClipList) -> tuple[ClipMetrics, float]:
    """Score probabilities against the labels of a list.

    Args:
        scores: (n, K).
        clips: the list, n clips.

    Returns:
        figures, and the mean cross-entropy of the averaged probabilities.
    """
    truth = np.array([clip.label for clip in clips.clips])
    chosen = np.take_along_axis(scores, truth[:, None], 1)[:, 0]
    entropy = -np.log(np.maximum(chosen, 1e-12)).mean()
    return clip_metrics(truth, scores.argmax(1), clips.classes), float(entropy)
