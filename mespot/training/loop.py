"""The one training loop: AdamW, schedule, clipping, checkpoints, resume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from mespot.errors import MespotError
from mespot.files import atomic_path
from mespot.models.encoder import Encoder
from mespot.training.optimiser import learning_rate, parameter_groups
from mespot.training.seeding import seeded

_CHECKPOINT = "checkpoint.pt"
_MAX_GRADIENT = 1.0  # norm; one odd batch must not undo a short training

Log = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class LoopSettings:
    """Settings of one training.

    Attributes:
        steps: optimiser steps.
        batch: clips per step.
        lr: peak learning rate for a batch of 256; the rate used is ``lr * batch / 256``.
        weight_decay: AdamW weight decay.
        warmup: share of the steps with a rising rate.
        betas: AdamW betas.
        layer_decay: learning-rate factor per layer downwards.
        checkpoint_every: steps between checkpoints.
    """

    steps: int
    batch: int
    lr: float
    weight_decay: float
    warmup: float
    betas: tuple[float, float]
    layer_decay: float
    checkpoint_every: int


class StepLoss(NamedTuple):
    """Loss of one batch, figures to log, and the names of its clips for error messages."""

    loss: torch.Tensor
    figures: dict[str, torch.Tensor]
    clips: Sequence[str]


def fit(
    model: nn.Module,
    encoder: Encoder,
    step_loss: Callable[[int], StepLoss],
    settings: LoopSettings,
    seed: int,
    work_dir: Path,
    log: Log,
) -> list[dict[str, float]]:
    """Train ``model``, resuming from ``work_dir`` when it holds a checkpoint.

    The batch and all random numbers of a step depend on seed and step only, so that a resumed
    run ends with the same bytes as an uninterrupted one. bfloat16 autocast is used on CUDA.

    Args:
        model: trained in place, on its device.
        encoder: the part of ``model`` that layer decay refers to.
        step_loss: makes the batch of a step and its loss; a pure function of the step.
        settings: see ``LoopSettings``.
        seed: seed of dropout.
        work_dir: folder of the checkpoint, of this training only.
        log: called after every step.

    Returns:
        one row per step: ``step``, ``loss``, ``lr`` and the figures.

    Raises:
        MespotError: when the loss is no longer finite, or the checkpoint is of other settings.
    """
    peak = settings.lr * settings.batch / 256
    groups = parameter_groups(model, encoder, settings.weight_decay, settings.layer_decay)
    optimiser = torch.optim.AdamW(groups, lr=peak, betas=settings.betas)
    device = next(model.parameters()).device
    path = work_dir / _CHECKPOINT
    curve = _resume(path, model, optimiser, settings, device)
    model.train()
    for step in range(len(curve), settings.steps):
        rate = learning_rate(step, settings.steps, settings.warmup, peak, peak / 100)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        with (
            seeded(seed, step),
            torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"),
        ):
            result = step_loss(step)
        loss = result.loss.item()
        if not torch.isfinite(result.loss):
            raise MespotError(
                f"training step {step}: the loss is {loss}; clips: {', '.join(result.clips)}; "
                "lower the learning rate or check these clips"
            )
        optimiser.zero_grad(set_to_none=True)
        result.loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), _MAX_GRADIENT)
        optimiser.step()
        figures = {name: value.item() for name, value in result.figures.items()}
        curve.append({"step": step, "loss": loss, "lr": rate, **figures})
        log(step, {key: value for key, value in curve[-1].items() if key != "step"})
        if (step + 1) % settings.checkpoint_every == 0 and step + 1 < settings.steps:
            _save(path, model, optimiser, settings, curve)
    model.eval()
    return curve


def _save(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    settings: LoopSettings,
    curve: list[dict[str, float]],
) -> None:
    content = {
        "settings": asdict(settings),
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "curve": curve,
    }
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def _resume(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    settings: LoopSettings,
    device: torch.device,
) -> list[dict[str, float]]:
    if not path.exists():
        return []
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        if content["settings"] != asdict(settings):
            raise MespotError(f"{path}: checkpoint of other settings, delete it to start anew")
        model.load_state_dict(content["model"])
        optimiser.load_state_dict(content["optimiser"])
    except MespotError:
        raise
    except Exception as error:  # torch.load raises many kinds on a damaged file
        raise MespotError(f"{path}: unusable checkpoint, delete it ({error})") from error
    return content["curve"]
