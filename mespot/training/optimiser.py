"""AdamW parameter groups with layer decay, and the learning-rate schedule."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from mespot.models.encoder import Encoder


def parameter_groups(
    model: nn.Module, encoder: Encoder, weight_decay: float, layer_decay: float
) -> list[dict[str, Any]]:
    """Group parameters by learning-rate scale and weight decay.

    Layer 0 is the embedding with the messengers, block i is layer i + 1, the rest lies on top
    with scale 1; layer l has ``layer_decay ** (depth + 1 - l)``. Vectors, biases, the messengers
    and the mask token are not decayed. (The published code trains the messengers at the head's
    rate and decays them, by oversight of name prefixes.)

    Args:
        model: the module that holds ``encoder``.
        encoder: the encoder whose layers are scaled.
        weight_decay: AdamW weight decay of the rest.
        layer_decay: factor per layer downwards; 1 = none.

    Returns:
        groups for ``torch.optim.AdamW`` with the extra key ``scale``.
    """
    prefix = next((f"{name}." for name, part in model.named_modules() if part is encoder), "")
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        layer = encoder.depth + 1
        if name.startswith(prefix):
            parts = name.removeprefix(prefix).split(".")
            layer = int(parts[1]) + 1 if parts[0] == "blocks" else 0
        scale = layer_decay ** (encoder.depth + 1 - layer)
        exempt = parameter.ndim <= 1 or name.endswith(("mask_token", "lg_region_tokens"))
        groups.setdefault((scale, 0.0 if exempt else weight_decay), []).append(parameter)
    return [
        {"params": parameters, "scale": scale, "weight_decay": decay}
        for (scale, decay), parameters in groups.items()
    ]


def learning_rate(step: int, steps: int, warmup: float, peak: float, floor: float) -> float:
    """Linear warm-up from 0, then half a cosine down to ``floor``, per step.

    Args:
        step: 0-based step.
        steps: total steps.
        warmup: share of the steps that rise.
        peak: highest rate.
        floor: last rate.
    """
    rising = round(warmup * steps)
    if step < rising:
        return peak * step / max(1, rising - 1) if rising > 1 else peak
    turn = math.pi * (step - rising) / max(1, steps - rising)
    return floor + 0.5 * (peak - floor) * (1 + math.cos(turn))
