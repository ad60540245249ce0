"""Training of one clip classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mespot.crops.clips import ClipSet
from mespot.models.classifier import Classifier
from mespot.models.weights import load_weights, read_description
from mespot.models.zoo import create_encoder
from mespot.training.engine.distributed import Group
from mespot.training.engine.loop import Log, fit, silent
from mespot.training.engine.seeding import seeded
from mespot.training.engine.settings import loop_settings
from mespot.training.sampling.timeline import Timeline
from mespot.training.spotting import Spotting
from mespot.training.validation import validation_loss

if TYPE_CHECKING:
    from mespot.params.finetune import FinetuneParams


def train_classifier(
    clips: ClipSet,
    timelines: Sequence[Timeline],
    names: Sequence[str],
    encoder_dir: Path,
    params: FinetuneParams,
    granularity: float,
    seed: int,
    work_dir: Path,
    log: Log,
    group: Group,
    validation: Sequence[Timeline] = (),
    live: Log = silent,
) -> tuple[Classifier, list[dict[str, float]]]:
    """Train a classifier with an ME and a MaE output on some videos, see ``spotting``.

    Args:
        clips: crops of all videos of the data set.
        timelines: the training videos only.
        names: names of all videos, for messages.
        encoder_dir: pre-trained encoder.
        params: section ``finetune``.
        granularity: time that the 16 frames span, seconds.
        seed: seed of new weights, clips, augmentation and stochastic depth.
        work_dir: checkpoint of this classifier.
        log: called after every step.
        group: the processes that train together, and their devices.
        validation: videos of training subjects that choose the best step; none = the training
            loss does, where ``keep`` is ``best``.
        live: called with figures of this machine, see ``fit``.

    Returns:
        the classifier in evaluation mode and its curve.
    """
    description = read_description(encoder_dir)
    with seeded(seed):
        encoder = create_encoder(description["model"], params.drop_path)
        pooling = None if params.pooling == "published" else params.pooling
        model = Classifier(encoder, pooling=pooling)
    load_weights(encoder_dir / "encoder.safetensors", model.encoder)
    model.to(group.device)
    input_kind = description["input"]

    def validate() -> float:
        return validation_loss(
            model,
            clips,
            validation,
            granularity,
            (params.overlap_from, params.overlap_full, params.core),
            input_kind,
            seed,
            group,
        )

    curve = fit(
        Spotting(model, clips, timelines, names, params, granularity, input_kind, seed),
        loop_settings(params),
        seed,
        work_dir,
        log,
        live=live,
        group=group,
        validate=validate if validation else None,
    )
    return model, curve
