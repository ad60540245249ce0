"""AdamW parameter groups with layer decay, and the schedules of learning rate and weight decay."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from mespot.models.encoder import Encoder
from mespot.models.mae import MaskedAutoEncoder


def parameter_groups(
    model: nn.Module,
    encoder: Encoder,
    weight_decay: float,
    layer_decay: float,
    published: bool = False,
) -> list[dict[str, Any]]:
    """Group parameters by learning-rate scale and weight decay.

    Layer 0 is the embedding with the messengers, block i is layer i + 1, the rest lies on top
    with scale 1; layer l has ``layer_decay ** (depth + 1 - l)``. Vectors, biases, the messengers
    and the mask token are not decayed.

    Args:
        model: the module that holds ``encoder``.
        encoder: the encoder whose layers are scaled.
        weight_decay: AdamW weight decay of the rest.
        layer_decay: factor per layer downwards; 1 = none.
        published: reproduce the published MAE-DFER code, which by oversight of name prefixes
            trains a classifier's messengers at the head's rate and decays an auto-encoder's.

    Returns:
        groups for ``torch.optim.AdamW`` with the extra key ``scale``.
    """
    prefix = next((f"{name}." for name, part in model.named_modules() if part is encoder), "")
    decayed = published and isinstance(model, MaskedAutoEncoder)
    tokens = ("mask_token",) if decayed else ("mask_token", "lg_region_tokens")
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        layer = encoder.depth + 1
        if name.startswith(prefix):
            parts = name.removeprefix(prefix).split(".")
            if parts[0] == "blocks":
                layer = int(parts[1]) + 1
            elif not (published and parts[0] == "lg_region_tokens"):
                layer = 0
        scale = layer_decay ** (encoder.depth + 1 - layer)
        exempt = parameter.ndim <= 1 or name.endswith(tokens)
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
    return half_cosine(step - rising, steps - rising, peak, floor)


def half_cosine(step: int, steps: int, first: float, last: float) -> float:
    """Half a cosine from ``first`` to ``last``; also the schedule of the weight decay.

    Both published recipes keep the weight decay at 0.05, which is ``first == last``.

    Args:
        step: 0-based step.
        steps: total steps; ``last`` would be reached one step after the end.
        first: value at step 0.
        last: see ``steps``.
    """
    return last + 0.5 * (first - last) * (1 + math.cos(math.pi * step / max(1, steps)))
