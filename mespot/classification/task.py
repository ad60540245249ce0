"""Clip classification as the training loop sees it: soft-target cross-entropy over the classes.

Every epoch is a permutation of the list, no clip is left out or drawn twice. Which clips a step
takes and what happens to them depends on seed and step alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mespot.classification.clip_frames import training_frames
from mespot.classification.clip_source import ClipSource
from mespot.models.classifier import Classifier
from mespot.models.inputs import prepare
from mespot.tables.clip_list import ClipList
from mespot.training.augmentation.clip_change import change_clip, draw_change
from mespot.training.augmentation.mixing import draw_erased, erase, mix_step
from mespot.training.engine.distributed import Group, shard
from mespot.training.engine.loader import Ahead, Loading
from mespot.training.engine.task import Batch
from mespot.training.sampling.frame_sampling import ClipRule
from mespot.training.sampling.order import EpochOrder
from mespot.training.sampling.sampler import generator

if TYPE_CHECKING:
    from mespot.params.classify import ClassifyParams


class Objective(nn.Module):
    """Cross-entropy with soft targets.

    Args:
        model: the classifier, one logit per class.
    """

    def __init__(self, model: Classifier):
        super().__init__()
        self.model = model

    def forward(self, video: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor]:
        """Return the mean over clips; (B, 3, T, H, W) and (B, K) labels that sum to 1."""
        return (F.cross_entropy(self.model(video).float(), labels),)


class Classification:
    """The training of one clip classifier, see ``mespot.training.engine.task.Task``.

    Args:
        model: the classifier, on its device.
        clips: the training list.
        params: section ``classify``.
        input_kind: ``input`` of the encoder.
        seed: seed of order, clips and augmentation.
        steps: optimiser steps of the whole training.
        group: the processes that train together.
    """

    figures = ()
    # the last block's local tokens are not pooled: their weights never get a gradient
    idle_parameters = True

    def __init__(
        self,
        model: Classifier,
        clips: ClipList,
        params: ClassifyParams,
        input_kind: str,
        seed: int,
        steps: int,
        group: Group,
    ):
        self.model, self.encoder = model, model.encoder
        self.objective = Objective(model)
        self._clips, self._params, self._input_kind, self._seed = clips, params, input_kind, seed
        self._size = model.encoder.config["size"]
        self._rule = ClipRule(model.encoder.config["frames"], params.stride)
        self._source = ClipSource(params.limit)
        self._order = EpochOrder(
            lambda epoch: generator(seed, epoch, "finetune").permutation(len(clips.clips))
        )
        parts = np.array_split(shard(params.batch, group), params.accumulate)
        loading = Loading(params.workers, params.ahead, group.device.type == "cuda")
        self.draw = Ahead(self.make, steps, parts, loading)

    def close(self) -> None:
        """End the loader processes."""
        self.draw.close()

    def make(self, step: int, rows: np.ndarray) -> Batch:
        """Read and change the clips of a micro-batch: a pure function, for any process."""
        params, size = self._params, self._size
        crops = np.empty((len(rows), self._rule.length, size, size, 3), np.uint8)
        labels = np.empty(len(rows), np.int64)
        boxes = np.zeros((len(rows), 4), np.int64)
        names = []
        for slot, row in enumerate(rows):
            clip = self._clips.clips[self._order(step * params.batch + row)]
            rng = generator(self._seed, step, "clip", row)
            change = draw_change(size, params, self._input_kind == "rgb", params.flip, rng)
            boxes[slot] = draw_erased(
                size, params.erase, params.erase_area, params.erase_ratio, rng
            )
            pixels = self._source.read(
                clip, lambda frames, rng=rng: training_frames(frames, self._rule, params.short, rng)
            )
            crops[slot] = change_clip(pixels, size, change)
            labels[slot] = clip.label
            names.append(str(clip.path))
        return Batch(tuple(map(torch.from_numpy, (crops, labels, boxes))), names)

    def inputs(self, step: int, tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Normalise, erase, smooth and mix on the device."""
        params = self._params
        crops, numbers, boxes = tensors
        video = prepare(crops, self._input_kind)
        if params.erase:
            video = erase(video, boxes)
        labels = smoothed(numbers, self._clips.classes, params.smoothing)
        return mix_step(video, labels, params, generator(self._seed, step, "mix"))


def smoothed(numbers: torch.Tensor, classes: int, amount: float) -> torch.Tensor:
    """Turn class numbers into smoothed labels.

    Args:
        numbers: (B,) int64.
        classes: K.
        amount: share that is spread over all classes (Szegedy et al., CVPR 2016).

    Returns:
        (B, K) float32, rows sum to 1: ``amount / K`` off, ``1 - amount + amount / K`` on.
    """
    hard = F.one_hot(numbers, classes).float()
    return hard * (1 - amount) + amount / classes
