"""Fine-tuning for spotting as the loop sees it: one clip classifier with an ME and a MaE output.

**Outputs.** Two independent logits per clip, ME and MaE, binary cross-entropy each: a long clip
can hold both, and most hold neither, so there is no "neutral" class to compete with. Every
granularity (time span of the 16 frames) has a classifier of its own, because a movement of 0.3 s
fills one clip of 0.5 s and passes between two frames of a clip of 4 s. Each keeps both outputs;
which granularity serves which type is chosen later, on held-out subjects.

**Labels by overlap** (``labels.py``). A label is the overlap with the event as a share of the
shorter of both, 0 up to ``overlap_from``, 1 from ``overlap_full`` on, linear between: at the rim
of an event no hard answer is true, and scores that rise over the rim decode to better intervals.
Of a clip only its middle (``core``) counts here: what lies around it is context.

**Balanced sampling** (``sampler.py``). Events fill a few percent of the time; uniform clips would
teach "never". ``positives`` of a batch lie around events, half of them around MEs whatever their
number. The rest is split evenly between *hard negatives beside events* (same face, same light,
moments before onset or after offset), *strong motion* elsewhere (blinks, nods: what is mistaken
for an expression) and *empty stretches*, anywhere. A draw never decides a label: a negative that
touches an event gets the label of its overlap.

**Temporal jitter.** The position of an event in its clip is uniform over everything that overlaps
the clip's middle by half, so that a sliding slice finds it at any phase, and spans vary by
``stretch``, as durations of expressions do. Clips are also played backwards (``reverse``), onset
and offset swapping roles.

**Overlay** (``motion`` input). Displacements add up, so the motion of clips without an expression
is put on top of others: events of a few subjects are seen among the blinks and the noise of all.

**Published recipes.** Light changes (flip, shift, contrast, brightness) are the default. What the
published fine-tuning on clips of whole expressions adds is there for ``rgb`` input and large
models; fine-tuning at base size as published (MAE-DFER on DFEW): ``batch: 96, lr: 1.0e-3,
final_lr: 1.0e-3, warmup: 0.05, betas: [0.9, 0.999], weight_decay: 0.05, layer_decay: 0.75,
drop_path: 0.1, clip_norm: 0, crop_area: [0.08, 1.0], rand_ops: 4, rand_magnitude: 7, rand_spread:
0.5, erase: 0.25, mixup: 0.8, cutmix: 1.0, smoothing: 0.1, reverse: 0, shift: 0, contrast: 0,
brightness: 0`` and ``steps`` for 100 epochs. A lower bound of 0.5 for ``crop_area`` keeps brows
and mouth in the same picture. Mixed clips pair the clips of one micro-batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mespot.crops.clips import ClipSet
from mespot.models.classifier import Classifier
from mespot.models.inputs import prepare
from mespot.training.augmentation.clip_change import change_clip, draw_change
from mespot.training.augmentation.gentle import Change, Strength, augment, draw_changes
from mespot.training.augmentation.mixing import draw_erased, erase, mix_step, smooth
from mespot.training.engine.task import Batch
from mespot.training.sampling.sampler import Draw, draw_balanced, generator
from mespot.training.sampling.timeline import Timeline

if TYPE_CHECKING:
    from mespot.params.finetune import FinetuneParams


class Objective(nn.Module):
    """Binary cross-entropy of a batch.

    Args:
        model: the classifier.
    """

    def __init__(self, model: Classifier):
        super().__init__()
        self.model = model

    def forward(self, video: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor]:
        """Return the mean over clips and outputs; (B, 3, T, H, W) and (B, 2) labels in [0, 1]."""
        return (F.binary_cross_entropy_with_logits(self.model(video).float(), labels),)


class Spotting:
    """The training of one classifier, see ``mespot.training.engine.task.Task``.

    Args:
        model: the classifier, on its device.
        clips: crops of all videos of the data set.
        timelines: the training videos only.
        names: names of all videos, for messages.
        params: section ``finetune``.
        granularity: time that the 16 frames span, seconds.
        input_kind: ``input`` of the encoder.
        seed: seed of clips and augmentation.
    """

    figures = ()
    # the last block's local tokens are not pooled: their weights never get a gradient
    idle_parameters = True

    def __init__(
        self,
        model: Classifier,
        clips: ClipSet,
        timelines: Sequence[Timeline],
        names: Sequence[str],
        params: FinetuneParams,
        granularity: float,
        input_kind: str,
        seed: int,
    ):
        self.model, self.encoder = model, model.encoder
        self.objective = Objective(model)
        self._clips, self._timelines, self._names = clips, list(timelines), names
        self._params, self._granularity = params, granularity
        self._input_kind, self._seed = input_kind, seed
        self._strength = Strength(
            params.flip, params.reverse, params.shift, params.contrast, params.brightness
        )

    def draw(self, step: int, rows: np.ndarray) -> Batch:
        """Draw and change the clips of the whole batch, cut out ``rows`` of them."""
        params, size = self._params, self._clips.frames.shape[1]
        rng = generator(self._seed, step, "finetune")
        drawn = draw_balanced(
            self._timelines,
            self._granularity,
            params.batch,
            params.positives,
            params.overlap_from,
            params.overlap_full,
            rng,
            params.stretch,
            params.core,
        )
        changes = draw_changes(params.batch, size, self._strength, rng)
        videos, starts, spans, labels = (values[rows] for values in drawn)
        crops = self._clips.clips(videos, starts, spans)
        crops = augment(crops, [changes[row] for row in rows])
        if params.overlay and self._input_kind == "motion":
            self._overlay(step, drawn, changes, rows, crops)
        boxes = np.zeros((len(rows), 4), dtype=np.int64)
        for slot, row in enumerate(rows):
            own = generator(self._seed, step, "clip", int(row))
            change = draw_change(size, params, self._input_kind == "rgb", 0.0, own)
            if change.operations or change.box.height < size or change.box.width < size:
                crops[slot] = change_clip(crops[slot], size, change)
            boxes[slot] = draw_erased(
                size, params.erase, params.erase_area, params.erase_ratio, own
            )
        named = [
            f"{self._names[video]}@{start:.2f}s"
            for video, start in zip(videos, starts, strict=True)
        ]
        return Batch(tuple(map(torch.from_numpy, (crops, labels, boxes))), named)

    def _overlay(
        self,
        step: int,
        drawn: Draw,
        changes: Sequence[Change],
        rows: np.ndarray,
        crops: np.ndarray,
    ) -> None:
        """Add the motion of other clips of the batch, in which no expression is, to some clips.

        Displacements add up, so an event of one video with the blink and the noise of another one
        is an event that might have been; labels stay.
        """
        rng = generator(self._seed, step, "overlay")
        count = len(drawn.videos)
        other = rng.permutation(count)[rows]
        chosen = rng.random(count)[rows] < self._params.overlay
        chosen &= drawn.labels[other].max(axis=1) == 0
        theirs = self._clips.clips(*(values[other[chosen]] for values in drawn[:3]))
        crops[chosen] += augment(theirs, [changes[row] for row in rows[chosen]])

    def inputs(self, step: int, tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Return video and labels."""
        params = self._params
        crops, labels, boxes = tensors
        video = prepare(crops, self._input_kind)
        if params.erase:
            video = erase(video, boxes)
        if params.smoothing:
            labels = smooth(labels, params.smoothing)
        return mix_step(video, labels, params, generator(self._seed, step, "mix"))
