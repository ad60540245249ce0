"""Probabilities of clips."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mespot.models.classifier import Classifier
from mespot.models.inputs import prepare


def half_weights(model: Classifier) -> Classifier:
    """Copy a classifier with matrices in bfloat16.

    ``predict_all`` then computes under autocast. Autocast alone would convert the matrices anew
    for every batch. Norms, tokens and the sums along the depth stay float32.

    Args:
        model: the classifier; it stays as it is.
    """
    half = copy.deepcopy(model)
    for module in half.modules():
        if isinstance(module, (nn.Linear, nn.Conv3d)):
            module.to(torch.bfloat16)
    return half


def predict(model: Classifier, clips: np.ndarray, input_kind: str) -> np.ndarray:
    """Score a batch of clips.

    Args:
        model: a classifier in evaluation mode, on the device that is to be used.
        clips: (B, T, H, W) or (B, T, H, W, 3) uint8, at the model's size.
        input_kind: the ``input`` that the classifier was trained with (``model.json``).

    Returns:
        (B, outputs) float32 probabilities; two outputs are ME, MaE, independent of each other.
    """
    return predict_all([model], clips, input_kind)[:, 0]


def predict_all(models: Sequence[Classifier], clips: np.ndarray, input_kind: str) -> np.ndarray:
    """Score a batch of clips by several classifiers that share size, input and device.

    The input is prepared once, which costs a small network more than its own forward pass.

    Args:
        models: G classifiers in evaluation mode, all of them or none from ``half_weights``.
        clips: see ``predict``.
        input_kind: see ``predict``.

    Returns:
        (B, G, outputs) float32 probabilities.
    """
    weight = models[0].head.weight
    half = weight.dtype == torch.bfloat16
    with torch.inference_mode():
        # displacement channels lose too much in bfloat16, so they are made outside autocast
        video = prepare(torch.from_numpy(np.ascontiguousarray(clips)).to(weight.device), input_kind)
        with torch.autocast(weight.device.type, torch.bfloat16, enabled=half):
            logits = torch.stack([model(video) for model in models], dim=1)
        return torch.sigmoid(logits.float()).cpu().numpy()
