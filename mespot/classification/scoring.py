"""Class probabilities of listed clips by the published test: windows of a video, mean of softmax.

Each video is decoded once for all its windows. Several processes score every n-th clip each; the
result is gathered by place in the list, so a list need not divide evenly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from einops import rearrange

from mespot.classification.clip_frames import window_clips
from mespot.classification.clip_source import ClipSource
from mespot.core.progress import track
from mespot.models.classifier import Classifier
from mespot.models.inputs import prepare
from mespot.tables.clip_list import ClipList
from mespot.training.augmentation.crops import squared
from mespot.training.engine.distributed import Group, collect, shard
from mespot.training.engine.loader import Loading, loaded
from mespot.training.sampling.frame_sampling import ClipRule

if TYPE_CHECKING:
    from mespot.params.classify import ClassifyParams


class Windows(NamedTuple):
    """Test clips of some videos.

    ``crops`` (V, T, S, S, 3) uint8; ``counts`` (n,) windows of each video, V in all.
    """

    crops: torch.Tensor
    counts: torch.Tensor


class _Reader:
    """Makes the windows of some lines of a list."""

    def __init__(self, clips: ClipList, size: int, rule: ClipRule, params: ClassifyParams):
        self._clips, self._size, self._rule, self._params = clips, size, rule, params
        self._source = ClipSource(params.limit)

    def __call__(self, rows: tuple[int, ...]) -> Windows:
        params, crops, counts = self._params, [], []
        for row in rows:
            pixels = self._source.read(
                self._clips.clips[row],
                lambda frames: window_clips(frames, self._rule, params.short, params.windows),
            )  # (w, T, H, W, 3)
            small = squared(rearrange(pixels, "window time ... -> (window time) ..."), self._size)
            crops.append(rearrange(small, "(w time) ... -> w time ...", w=len(pixels)))
            counts.append(len(pixels))
        return Windows(torch.from_numpy(np.concatenate(crops)), torch.tensor(counts))


def class_probabilities(
    model: Classifier, clips: ClipList, params: ClassifyParams, input_kind: str, group: Group
) -> np.ndarray:
    """Score all clips of a list; all processes call it together.

    Args:
        model: in evaluation mode, on its device, one output per class.
        clips: the list.
        params: stride, short, windows, test_batch, workers, ahead, limit of section ``classify``.
        input_kind: ``input`` of the encoder.
        group: the processes.

    Returns:
        (n, K) float32, rows sum to 1, in every process.

    Raises:
        MespotError: a clip that cannot be read, in all processes.
    """
    rows = shard(len(clips.clips), group)
    keys = [
        tuple(rows[start : start + params.test_batch].tolist())
        for start in range(0, len(rows), params.test_batch)
    ]
    rule = ClipRule(model.encoder.config["frames"], params.stride)
    reader = _Reader(clips, model.encoder.config["size"], rule, params)
    loading = Loading(params.workers, params.ahead, group.device.type == "cuda")
    own = np.empty((len(rows), model.config["outputs"]), np.float32)
    done = 0
    with group.together(), torch.inference_mode():
        for windows in track(loaded(reader, keys, loading), clips.path.name, len(keys)):
            crops = windows.crops.to(group.device, non_blocking=True)
            views = torch.softmax(model(prepare(crops, input_kind)).float(), 1).cpu().numpy()
            counts = windows.counts.numpy()
            firsts = np.cumsum(counts) - counts
            means = np.add.reduceat(views, firsts, 0) / counts[:, None]
            own[done : done + len(counts)] = means
            done += len(counts)
    return collect(own, len(clips.clips), group)
