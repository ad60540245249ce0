"""Training of one clip classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from mespot.faces.clips import ClipSet
from mespot.models.classifier import Classifier
from mespot.models.inputs import prepare
from mespot.models.weights import load_weights, read_description
from mespot.models.zoo import create_encoder
from mespot.training.augment import augment
from mespot.training.loop import Log, LoopSettings, StepLoss, fit
from mespot.training.sampler import draw_balanced, generator
from mespot.training.seeding import seeded
from mespot.training.timeline import Timeline

if TYPE_CHECKING:
    from mespot.params.finetune import FinetuneParams

_BETAS = (0.9, 0.999)


def train_classifier(
    clips: ClipSet,
    timelines: list[Timeline],
    names: Sequence[str],
    encoder_dir: Path,
    params: FinetuneParams,
    granularity: float,
    seed: int,
    work_dir: Path,
    log: Log,
    device: torch.device,
) -> tuple[Classifier, list[dict[str, float]]]:
    """Train a classifier with an ME and a MaE output on some videos.

    Binary cross-entropy per output against soft labels; the two are not exclusive.

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
        device: where to compute.

    Returns:
        the classifier in evaluation mode and its curve.
    """
    description = read_description(encoder_dir)
    with seeded(seed):
        model = Classifier(create_encoder(description["model"], params.drop_path))
    load_weights(encoder_dir / "encoder.safetensors", model.encoder)
    model.to(device)

    def step_loss(step: int) -> StepLoss:
        rng = generator(seed, step, "finetune")
        drawn = draw_balanced(
            timelines,
            granularity,
            params.batch,
            params.positives,
            params.overlap_from,
            params.overlap_full,
            rng,
        )
        batch = augment(clips.clips(drawn.videos, drawn.starts, drawn.spans), rng)
        video = prepare(torch.from_numpy(batch).to(device), description["input"])
        labels = torch.from_numpy(drawn.labels).to(device)
        loss = F.binary_cross_entropy_with_logits(model(video).float(), labels)
        shown = [f"{names[v]}@{s:.2f}s" for v, s in zip(drawn.videos, drawn.starts, strict=True)]
        return StepLoss(loss, {}, shown)

    settings = LoopSettings(
        steps=params.steps,
        batch=params.batch,
        lr=params.lr,
        weight_decay=params.weight_decay,
        warmup=params.warmup,
        betas=_BETAS,
        layer_decay=params.layer_decay,
        checkpoint_every=params.checkpoint_every,
    )
    return model, fit(model, model.encoder, step_loss, settings, seed, work_dir, log)
