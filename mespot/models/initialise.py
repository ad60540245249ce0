"""Initial weights, drawn from torch's global generator (callers seed it for the moment)."""

from __future__ import annotations

import torch
from torch import nn


def initialise_autoencoder(model: nn.Module) -> None:
    """Pre-training: Xavier-uniform matrices, zero biases, tokens normal(0.02) cut at 0.02.

    The bridge to the decoder and the patch embedding keep PyTorch's defaults (spec of MAE-DFER).
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name != "encoder_to_decoder":
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for name, parameter in model.named_parameters():
        if name.endswith(("mask_token", "lg_region_tokens")):
            nn.init.trunc_normal_(parameter, std=0.02, a=-0.02, b=0.02)


def initialise_classifier(model: nn.Module, head_scale: float) -> None:
    """Training from scratch: matrices normal(0.02), biases zero, a small head.

    Args:
        model: a module with a linear ``head``.
        head_scale: factor on the head's weight, so that first outputs are near 0.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for name, parameter in model.named_parameters():
        if name.endswith("lg_region_tokens"):
            nn.init.trunc_normal_(parameter, std=0.02, a=-0.02, b=0.02)
    with torch.no_grad():
        model.head.weight.mul_(head_scale)
