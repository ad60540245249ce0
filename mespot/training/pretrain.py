"""Masked auto-encoder pre-training on all crops, or on a million videos as they are.

Recipes as params, per model size (an empty field is the default of ``params.yaml``). "published"
is MAE-DFER on VoxCeleb2 (Sun et al., ACM MM 2023): 1.09 M clips, total batch 160.

| param | tiny_24, the default | tiny_96, small_96 | base_160, published |
|---|---|---|---|
| source | crops | crops | list or shards |
| frame_crop | | | 0.3571, 0.5, 0.7143 |
| input, span | motion, 1 s | rgb, 1 s | rgb, 2.56 s (16 frames, stride 4, 25 fps) |
| masking, mask_ratio | part_window, 0.75 | part_window, 0.9 | part_window, 0.9 |
| moving | 0.5 | 0.5 | 0 (uniform) |
| crop_scales | 1 | 1, 0.875, 0.75 | 1, 0.875, 0.75, 0.66 |
| steps, stop_after | 200, 1 | 20,000, 1 | 682,300 (100 epochs), 0.5 |
| batch, accumulate | 16, 1 | 64, 1 | 160 over all devices |
| lr, final_lr | 6e-2, 0.01 | 1e-3, 0.01 | 3e-4, 0.0333 |
| warmup | 0.1 | 0.05 | 0.05 |
| betas, weight_decay | 0.9, 0.95; 0.05 | same | same |
| clip_norm | 1 | 1 | 0 |
| precision | auto | auto | fp16 as published; bf16 needs no loss scale |

The middle column is a starting point between the two others; nobody has measured it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import nn

from mespot.core.errors import MespotError
from mespot.core.files import write_csv
from mespot.crops.clips import ClipSet, open_clips
from mespot.models.importers.encoder import start_from
from mespot.models.inputs import prepare, to_unit
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.masking import draw_masks, split_index
from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_autoencoder
from mespot.training.augmentation.crops import crop, multi_scale_box
from mespot.training.engine.distributed import Group, alone, shard
from mespot.training.engine.loader import Ahead, Loading
from mespot.training.engine.loop import Log, fit, silent
from mespot.training.engine.seeding import seeded
from mespot.training.engine.settings import loop_settings
from mespot.training.engine.task import Batch
from mespot.training.reconstruction import save_reconstruction
from mespot.training.sampling.clip_stream import ClipStream, Videos
from mespot.training.sampling.sampler import draw_unlabelled, generator
from mespot.training.sampling.timeline import moments_of_all

if TYPE_CHECKING:
    from mespot.params.pretrain import PretrainParams

_SHOWN = 3  # clips in reconstruction.png
Show = Callable[[int, Path], None]


def pretrain(
    source: Sequence[tuple[Path, Path]] | Videos,
    params: PretrainParams,
    seed: int,
    work_dir: Path,
    out_dir: Path,
    log: Log,
    device: torch.device | None = None,
    *,
    weights: Path | None = None,
    live: Log = silent,
    show: Show | None = None,
    group: Group | None = None,
) -> list[dict[str, float]]:
    """Pre-train an encoder and write it.

    Args:
        source: (FaceTrack npz, crop zip) of every video, or videos that are read as they are.
        params: section ``pretrain``.
        seed: seed of weights, clips and masks.
        work_dir: checkpoints and the mapped crops, belongs to exactly these inputs.
        out_dir: receives ``encoder.safetensors``, ``model.json``, ``curve.csv`` and
            ``reconstruction.png``.
        log: called after every step.
        device: where to compute; ``None`` = CUDA if there is any, else CPU.
        weights: folder of encoder weights to start from (``mespot import-weights``); ``None`` =
            fresh ones. With ``steps`` 0 they are handed through.
        live: called with figures of this machine, see ``fit``.
        show: called every ``picture_every`` steps with the number of steps made and a PNG of
            masked input, reconstruction and motion target, kept in ``work_dir``.
        group: the processes that train together, which brings its own device; process 0 writes,
            logs and shows.

    Returns:
        the curve, one row per step.

    Raises:
        MespotError: without archives, for an unknown model, weights of another model or input, or
            when the loss is not finite.
    """
    if not len(source):
        raise MespotError("pretrain: found no crop archives, expected at least one")
    group = group or alone(device)
    if group.device.type == "cpu" and params.threads:
        torch.set_num_threads(params.threads)
    with seeded(seed):
        model = create_autoencoder(params.model)
    if weights is not None:
        start_from(weights, model.encoder, params.model, params.input)
    model.to(group.device)
    size = model.encoder.config["size"]
    if params.source == "crops":
        grey = params.input != "rgb"
        cache = work_dir / "crops.npy"
        clips = group.main_first(lambda: open_clips(source, size, grey=grey, cache=cache))
        crops: CropBatches | StreamBatches = CropBatches(
            clips, [path.stem for _, path in source], params, seed
        )
    else:
        crops = StreamBatches(ClipStream(source, params, size, seed), params)
    task = Pretraining(model, crops, params, seed, group)

    def after_step(steps: int) -> None:
        if show and params.picture_every and steps % params.picture_every == 0:
            path = work_dir / "pictures" / f"step{steps:08d}.png"
            task.picture(path, params.steps)
            show(steps, path)

    settings = loop_settings(params, layer_decay=1.0)
    if task.ahead:
        # loader processes read ahead, and are forked from the main thread
        settings = replace(settings, prefetch=0)
    with contextlib.closing(task):
        curve = fit(
            task,
            settings,
            seed,
            work_dir,
            log,
            live=live,
            group=group,
            after_step=after_step,
        )
    if group.main:
        save_weights(out_dir / "encoder.safetensors", model.encoder)
        save_description(
            out_dir,
            {
                "model": params.model,
                "input": params.input,
                "encoder": model.encoder.config,
                "span": params.span,
                "steps": len(curve),
            },
        )
        columns = ["step", "loss", "lr", "appearance", "motion"]
        write_csv(out_dir / "curve.csv", pd.DataFrame(curve, columns=columns))
        task.picture(out_dir / "reconstruction.png", params.steps)
    return curve


class Objective(nn.Module):
    """Loss of a batch: the weighted mean of appearance and motion error.

    Args:
        model: the auto-encoder.
        motion_weight: share of the motion error.
    """

    def __init__(self, model: MaskedAutoEncoder, motion_weight: float):
        super().__init__()
        self.model = model
        self.motion_weight = motion_weight

    def forward(
        self,
        video: torch.Tensor,
        target: torch.Tensor,
        visible: torch.Tensor,
        masked: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return loss, appearance and motion error, scalars; arguments as ``model.losses``."""
        appearance, motion = self.model.losses(video, target, visible, masked)
        loss = (1 - self.motion_weight) * appearance + self.motion_weight * motion
        return loss, appearance, motion


class CropBatches:
    """Clips out of aligned crops, at any time or at strong motion.

    Args:
        clips: crops of all videos.
        names: of the videos, for messages.
        params: section ``pretrain``.
        seed: seed of clips and crops.
    """

    def __init__(self, clips: ClipSet, names: Sequence[str], params: PretrainParams, seed: int):
        self._clips, self._names, self._params, self._seed = clips, names, params, seed
        self._moments = moments_of_all(clips)

    def __call__(self, step: int, count: int, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Draw the clips of a batch of ``count``, cut out ``rows`` of them, (n, 16, S, S[, 3])."""
        params = self._params
        rng = generator(self._seed, step, "pretrain")
        drawn = draw_unlabelled(self._clips, self._moments, params.span, count, rng, params.moving)
        videos, starts, spans = (values[rows] for values in drawn)
        crops = self._clips.clips(videos, starts, spans)
        if tuple(params.crop_scales) != (1.0,) and step < params.steps:
            for slot, row in enumerate(rows):
                own = generator(self._seed, step, "clip", int(row))
                box = multi_scale_box(crops.shape[2], params.crop_scales, own)
                crops[slot] = crop(crops[slot], box)
        names = [
            f"{self._names[video]}@{start:.2f}s"
            for video, start in zip(videos, starts, strict=True)
        ]
        return crops, names


class StreamBatches:
    """Clips out of videos as they are.

    Args:
        stream: reads and cuts them.
        params: section ``pretrain``.
    """

    def __init__(self, stream: ClipStream, params: PretrainParams):
        self._stream, self._params = stream, params

    def __call__(self, step: int, count: int, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Read the clips of ``rows`` of a step's batch, (n, 16, S, S, 3)."""
        cropped = step < self._params.steps
        clips, names = zip(
            *(self._stream.cut(step, int(row), cropped) for row in rows), strict=True
        )
        return np.stack(clips), list(names)


class Pretraining:
    """The pre-training as the loop sees it, see ``mespot.training.engine.task.Task``.

    Args:
        model: the auto-encoder, on its device.
        crops: makes clips of rows of a step: ``CropBatches`` or ``StreamBatches``.
        params: section ``pretrain``.
        seed: seed of masks.
        group: the processes that train together.

    Attributes:
        ahead: loader processes, where clips are read out of videos.
    """

    figures = ("appearance", "motion")
    idle_parameters = False

    def __init__(
        self,
        model: MaskedAutoEncoder,
        crops: CropBatches | StreamBatches,
        params: PretrainParams,
        seed: int,
        group: Group,
    ):
        self.model, self.encoder = model, model.encoder
        self.objective = Objective(model, params.motion_weight)
        self._crops, self._params, self._seed = crops, params, seed
        self._region_of_token = model.encoder.region_of_token().cpu().numpy()
        self.ahead: Ahead | None = None
        if isinstance(crops, StreamBatches) and params.workers:
            parts = np.array_split(shard(params.batch, group), params.accumulate)
            stop = round(params.stop_after * params.steps)
            pinned = group.device.type == "cuda"
            loading = Loading(params.workers, max(1, params.prefetch), pinned, "pretrain")
            self.ahead = Ahead(self._make, stop, parts, loading)

    def draw(self, step: int, rows: np.ndarray) -> Batch:
        """Draw clips and masks of the whole batch, cut out ``rows`` of them."""
        return (self.ahead or self._make)(step, rows)

    def close(self) -> None:
        """End the loader processes."""
        if self.ahead:
            self.ahead.close()

    def inputs(self, step: int, tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Return video, target video, visible and masked indices."""
        crops, visible, masked = tensors
        video = prepare(crops, self._params.input)
        return video, to_unit(video, self._params.input), visible, masked

    def picture(self, path: Path, step: int) -> None:
        """Draw reconstructions of the same few clips, whenever it is called.

        Args:
            path: PNG to write.
            step: whose draw is shown; one that is not trained on.
        """
        device = self.model.mask_token.device
        batch = self._cut(step, _SHOWN, np.arange(_SHOWN))
        tensors = tuple(tensor.to(device) for tensor in batch.tensors)
        save_reconstruction(path, self.model, *self.inputs(step, tensors))

    def _make(self, step: int, rows: np.ndarray) -> Batch:
        return self._cut(step, self._params.batch, rows)

    def _cut(self, step: int, count: int, rows: np.ndarray) -> Batch:
        params, encoder = self._params, self.encoder
        masks = draw_masks(
            generator(self._seed, step, "mask"),
            count,
            encoder.grid,
            params.mask_ratio,
            params.masking,
            encoder.region,
        )
        try:
            visible, masked = split_index(masks[rows], self._region_of_token)
        except ValueError as error:
            raise MespotError(f"pretrain.masking {params.masking!r}: {error}") from error
        crops, names = self._crops(step, count, rows)
        return Batch(tuple(map(torch.from_numpy, (crops, visible, masked))), names)
