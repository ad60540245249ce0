"""Weights as safetensors, their description as ``model.json`` beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from mespot.core.errors import MespotError
from mespot.core.files import atomic_path, read_json, write_json
from mespot.models.classifier import Classifier
from mespot.models.zoo import create_encoder

DESCRIPTION_FILE = "model.json"


def save_weights(path: str | Path, module: nn.Module) -> None:
    """Write a state dict as safetensors, atomically, the same bytes for the same weights."""
    state = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in sorted(module.state_dict().items())
    }
    with atomic_path(path) as temporary:
        save_file(state, temporary)


def load_weights(path: str | Path, module: nn.Module) -> None:
    """Read weights into ``module``; names and shapes must match exactly.

    Raises:
        MespotError: for an unreadable file or the first missing, odd-sized or unknown tensor.
    """
    path = Path(path)
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise MespotError(f"{path}: weights cannot be read ({error})") from error
    wanted = module.state_dict()
    for name, tensor in wanted.items():
        if name not in state:
            raise MespotError(f"{path}: tensor {name} is missing, found {len(state)} tensors")
        if state[name].shape != tensor.shape:
            raise MespotError(
                f"{path}: tensor {name}: found shape {tuple(state[name].shape)}, "
                f"expected {tuple(tensor.shape)}"
            )
    unknown = [name for name in state if name not in wanted]
    if unknown:
        raise MespotError(f"{path}: unknown tensor {min(unknown)}, expected {len(wanted)} tensors")
    module.load_state_dict(state)


def save_description(folder: str | Path, description: Mapping[str, Any]) -> None:
    """Write ``model.json`` into ``folder``."""
    write_json(Path(folder) / DESCRIPTION_FILE, description)


def read_description(folder: str | Path) -> dict[str, Any]:
    """Read ``model.json`` of ``folder``: at least the keys ``model`` and ``input``.

    Raises:
        MespotError: when it is missing, malformed or lacks a key.
    """
    path = Path(folder) / DESCRIPTION_FILE
    content = read_json(path)
    for key in ("model", "input"):
        if not isinstance(content, dict) or not isinstance(content.get(key), str):
            raise MespotError(f"{path}: key {key} is missing or no text")
    return content


def load_classifier(folder: str | Path, weights: str) -> tuple[Classifier, dict[str, Any]]:
    """Load a trained classifier, in evaluation mode.

    Args:
        folder: holds ``<weights>.safetensors`` and ``model.json``.
        weights: ``fold0``, ``fold1``, ... or ``all``.

    Returns:
        the classifier and the content of ``model.json`` (``input``, ``granularity``, ...).
    """
    description = read_description(folder)
    model = Classifier(create_encoder(description["model"]), **description["classifier"])
    load_weights(Path(folder) / f"{weights}.safetensors", model)
    return model.eval(), description


def device_for_training() -> torch.device:
    """Return the first CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
