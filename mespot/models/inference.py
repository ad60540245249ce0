"""Probabilities of clips."""

from __future__ import annotations

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
    device = next(model.parameters()).device
    with torch.inference_mode():
        video = prepare(torch.from_numpy(np.ascontiguousarray(clips)).to(device), kind)
        return torch.sigmoid(model(video)).float().cpu().numpy()
