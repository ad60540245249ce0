"""Checkpoints: the last state to resume from, and the best weights.

A checkpoint is written beside its destination, flushed and renamed: whatever moment the process
dies at, the file holds one whole checkpoint. Sampler and random numbers need no state, being pure
functions of seed and step; learning rates follow from the step.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mespot.core.errors import MespotError
from mespot.core.files import atomic_path

_LAST = "checkpoint.pt"
_BEST = "best-{step:08d}.pt"


def save_last(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the checkpoint to resume from; best weights that it does not name go."""
    _save(folder / _LAST, content)
    best = content["best"]
    kept = _BEST.format(step=best["step"]) if best else None
    for path in folder.glob("best-*.pt"):
        if path.name != kept:
            path.unlink()


def save_best(folder: Path, step: int, state: Mapping[str, torch.Tensor]) -> None:
    """Write the best weights so far, beside those that the last checkpoint names."""
    _save(folder / _BEST.format(step=step), {"model": dict(state)})


def load_best(folder: Path, step: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Read the best weights, which were found after 0-based ``step``."""
    return _load(folder / _BEST.format(step=step), device)["model"]


def load_last(
    folder: Path, settings: Mapping[str, Any], device: torch.device
) -> dict[str, Any] | None:
    """Read the checkpoint to resume from; ``None`` where there is none.

    What a killed process was writing is left alone here; ``clear_torn`` removes it.

    Raises:
        MespotError: for a damaged checkpoint, or one of other settings.
    """
    path = folder / _LAST
    if not path.exists():
        return None
    content = _load(path, device)
    if content.get("settings") != settings:
        raise MespotError(f"{path}: checkpoint of other settings, delete it to start anew")
    return content


def clear_torn(folder: Path) -> None:
    """Remove what a killed process left half written; its folder belongs to one training."""
    for path in folder.glob(".tmp-*.pt"):
        path.unlink(missing_ok=True)


def unusable(folder: Path, error: Exception) -> MespotError:
    """Return the error for a checkpoint whose content does not fit."""
    first = (str(error).splitlines() or [""])[0]
    return MespotError(f"{folder / _LAST}: unusable checkpoint, delete it ({first})")


def _save(path: Path, content: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary:
        with open(temporary, "wb") as stream:
            torch.save(dict(content), stream)
            stream.flush()
            os.fsync(stream.fileno())  # a rename may reach the disk before what it names


def _load(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        if not isinstance(content, dict):
            raise ValueError(f"found {type(content).__name__}, expected a dictionary")
    except Exception as error:  # noqa: BLE001 - torch.load raises many kinds on a damaged file
        raise MespotError(
            f"{path}: unusable checkpoint, delete it ({(str(error).splitlines() or [''])[0]})"
        ) from error
    return content
