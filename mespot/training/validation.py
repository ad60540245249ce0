"""Choosing among the steps of a training without the subjects that it will be scored on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from mespot.core.errors import MespotError
from mespot.crops.clips import ClipSet
from mespot.models.classifier import Classifier
from mespot.models.inputs import prepare
from mespot.training.engine.distributed import Group, collect, shard
from mespot.training.sampling.sampler import draw_balanced, generator
from mespot.training.sampling.timeline import Timeline

_CLIPS = 128  # drawn once, half of them with an expression
_AT_ONCE = 32  # clips per forward pass


def split_subjects(
    subjects: Sequence[str], with_events: Sequence[bool], share: float, seed: int, name: str
) -> tuple[list[int], list[int]]:
    """Split training videos by subject into those to learn from and those to validate on.

    Args:
        subjects: of every training video; subjects of a scored fold are not among them.
        with_events: whether a video holds an event.
        share: of the subjects that validate, rounded up.
        seed: seed of the choice.
        name: of the classifier, for the message.

    Returns:
        rows to learn from and rows to validate on.

    Raises:
        MespotError: when one of the sides has no event.
    """
    everybody = sorted(set(subjects))
    order = generator(seed, 0, "validate").permutation(len(everybody))
    chosen = {everybody[place] for place in order[: math.ceil(share * len(everybody))]}
    learn = [row for row, subject in enumerate(subjects) if subject not in chosen]
    validate = [row for row, subject in enumerate(subjects) if subject in chosen]
    for side, rows in (("training", learn), ("validation", validate)):
        if not any(with_events[row] for row in rows):
            raise MespotError(
                f"finetune.validation: {name}: found no event on the {side} side of "
                f"{len(everybody)} training subjects, expected some on both; set validation: 0"
            )
    return learn, validate


def validation_loss(
    model: Classifier,
    clips: ClipSet,
    timelines: Sequence[Timeline],
    granularity: float,
    labels: tuple[float, float, float],
    input_kind: str,
    seed: int,
    group: Group,
) -> float:
    """Mean loss of a fixed balanced draw of clips, unchanged, spread over the processes.

    Args:
        model: in evaluation mode.
        clips: crops of all videos of the data set.
        timelines: the validation videos.
        granularity: seconds.
        labels: ``overlap_from``, ``overlap_full`` and ``core``.
        input_kind: ``input`` of the encoder.
        seed: seed of the draw.
        group: the processes, all of which call this.
    """
    rng = generator(seed, 1, "validate")
    low, high, core = labels
    drawn = draw_balanced(list(timelines), granularity, _CLIPS, 0.5, low, high, rng, core=core)
    rows = shard(_CLIPS, group)
    found = []
    with torch.inference_mode():
        for part in np.array_split(rows, max(1, len(rows) // _AT_ONCE)):
            videos, starts, spans, wanted = (values[part] for values in drawn)
            crops = torch.from_numpy(clips.clips(videos, starts, spans)).to(group.device)
            logits = model(prepare(crops, input_kind)).float().cpu()
            losses = F.binary_cross_entropy_with_logits(
                logits, torch.from_numpy(wanted), reduction="none"
            )
            found.append(losses.mean(1).numpy())
    return float(collect(np.concatenate(found), _CLIPS, group).mean())
