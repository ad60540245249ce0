"""Masked auto-encoder pre-training on all crops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from mespot.errors import MespotError
from mespot.faces.clips import ClipSet, open_clips
from mespot.files import write_csv
from mespot.models.inputs import prepare, to_unit
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.masking import draw_masks, split_index
from mespot.models.weights import device_for_training, save_description, save_weights
from mespot.models.zoo import create_autoencoder
from mespot.training.loop import Log, LoopSettings, StepLoss, fit
from mespot.training.picture import save_reconstruction
from mespot.training.sampler import draw_unlabelled, generator
from mespot.training.seeding import seeded
from mespot.training.timeline import moments_of_all

if TYPE_CHECKING:
    from mespot.params.pretrain import PretrainParams

_BETAS = (0.9, 0.95)
_SHOWN = 3


def pretrain(
    archives: Sequence[tuple[Path, Path]],
    params: PretrainParams,
    seed: int,
    work_dir: Path,
    out_dir: Path,
    log: Log,
    device: torch.device | None = None,
) -> list[dict[str, float]]:
    """Pre-train an encoder and write it.

    Args:
        archives: (FaceTrack npz, crop zip) of every video.
        params: section ``pretrain``.
        seed: seed of weights, clips and masks.
        work_dir: checkpoints and the mapped crops, belongs to exactly these inputs.
        out_dir: receives ``encoder.safetensors``, ``model.json``, ``curve.csv`` and
            ``reconstruction.png``.
        log: called after every step.
        device: where to compute; ``None`` = CUDA if there is any, else CPU.

    Returns:
        the curve, one row per step.

    Raises:
        MespotError: without archives, for an unknown model, or when the loss is not finite.
    """
    if not archives:
        raise MespotError("pretrain: found no crop archives, expected at least one")
    device = device or device_for_training()
    if device.type == "cpu" and params.threads:
        torch.set_num_threads(params.threads)
    with seeded(seed):
        model = create_autoencoder(params.model).to(device)
    clips = open_clips(
        archives,
        model.encoder.config["size"],
        grey=params.input != "rgb",
        cache=work_dir / "crops.npy",
    )
    names = [path.stem for _, path in archives]
    moments = moments_of_all(clips)
    curve = fit(
        model,
        model.encoder,
        lambda step: _step_loss(model, clips, moments, names, params, seed, step),
        LoopSettings(
            steps=params.steps,
            batch=params.batch,
            lr=params.lr,
            weight_decay=params.weight_decay,
            warmup=params.warmup,
            betas=_BETAS,
            layer_decay=1.0,
            checkpoint_every=params.checkpoint_every,
        ),
        seed,
        work_dir,
        log,
    )
    save_weights(out_dir / "encoder.safetensors", model.encoder)
    save_description(
        out_dir,
        {
            "model": params.model,
            "input": params.input,
            "encoder": model.encoder.config,
            "span": params.span,
            "steps": params.steps,
        },
    )
    columns = ["step", "loss", "lr", "appearance", "motion"]
    write_csv(out_dir / "curve.csv", pd.DataFrame(curve, columns=columns))
    rng = generator(seed, params.steps, "pretrain")
    shown = draw_unlabelled(clips, moments, params.span, _SHOWN, rng)
    video, visible, masked = _batch(model, shown, clips, params, seed, params.steps)
    save_reconstruction(
        out_dir / "reconstruction.png", model, video, to_unit(video, params.input), visible, masked
    )
    return curve


def _batch(
    model: MaskedAutoEncoder,
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
    clips: ClipSet,
    params: PretrainParams,
    seed: int,
    step: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    encoder = model.encoder
    device = model.mask_token.device
    masks = draw_masks(
        generator(seed, step, "mask"),
        len(drawn[0]),
        encoder.grid,
        params.mask_ratio,
        params.masking,
        encoder.region,
    )
    try:
        visible, masked = split_index(masks, encoder.region_of_token().numpy())
    except ValueError as error:
        raise MespotError(f"pretrain.masking {params.masking!r}: {error}") from error
    video = prepare(torch.from_numpy(clips.clips(*drawn)).to(device), params.input)
    return video, torch.from_numpy(visible).to(device), torch.from_numpy(masked).to(device)


def _step_loss(
    model: MaskedAutoEncoder,
    clips: ClipSet,
    moments: Sequence[np.ndarray],
    names: Sequence[str],
    params: PretrainParams,
    seed: int,
    step: int,
) -> StepLoss:
    rng = generator(seed, step, "pretrain")
    drawn = draw_unlabelled(clips, moments, params.span, params.batch, rng)
    video, visible, masked = _batch(model, drawn, clips, params, seed, step)
    target = to_unit(video, params.input)
    appearance, motion = model.losses(video, target, visible, masked)
    loss = (1 - params.motion_weight) * appearance + params.motion_weight * motion
    shown = [f"{names[v]}@{s:.2f}s" for v, s in zip(*drawn[:2], strict=True)]
    return StepLoss(loss, {"appearance": appearance, "motion": motion}, shown)
