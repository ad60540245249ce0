"""Probabilities of clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mespot.models.classifier import Classifier
from mespot.models.inputs import prepare


def predict(model: Classifier, clips: np.ndarray, kind: str) -> np.ndarray:
    """Score a batch of clips.

    Args:
        model: a classifier in evaluation mode, on the device that is to be used.
        clips: (B, T, H, W) or (B, T, H, W, 3) uint8, at the model's size.
        kind: the ``input`` that the classifier was trained with (``model.json``).

    Returns:
        (B, outputs) float32 probabilities; two outputs are ME, MaE, independent of each other.
    """
    return predict_all([model], clips, kind)[:, 0]


def predict_all(models: Sequence[Classifier], clips: np.ndarray, kind: str) -> np.ndarray:
    """Score a batch of clips by several classifiers that share size, input and device.

    The input is prepared once, which costs a small network more than its own forward pass.

    Args:
        models: G classifiers in evaluation mode.
        clips: see ``predict``.
        kind: see ``predict``.

    Returns:
        (B, G, outputs) float32 probabilities.
    """
    device = next(models[0].parameters()).device
    with torch.inference_mode():
        video = prepare(torch.from_numpy(np.ascontiguousarray(clips)).to(device), kind)
        scores = torch.stack([torch.sigmoid(model(video)) for model in models], dim=1)
        return scores.float().cpu().numpy()
