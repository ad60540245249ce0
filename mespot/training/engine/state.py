"""Everything that a training needs to go on from a step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from mespot.core.errors import MespotError
from mespot.models.encoder import Encoder
from mespot.training.engine.average import Average
from mespot.training.engine.checkpoint import load_last, save_best, save_last, unusable
from mespot.training.engine.optimiser import parameter_groups
from mespot.training.engine.precision import Precision
from mespot.training.engine.settings import LoopSettings


class State:
    """Weights, optimiser, loss scaler, average, curve and the best step of one training.

    Args:
        model: the weights that are trained.
        encoder: the part of ``model`` that layer decay refers to.
        settings: of the loop.
        seed: of the training.
        folder: of the checkpoints.

    Attributes:
        curve: one row per finished step; its length is the step to go on with.
        best: ``step`` (0-based) and ``loss`` of the best weights so far, ``None`` = none yet.
    """

    def __init__(
        self, model: nn.Module, encoder: Encoder, settings: LoopSettings, seed: int, folder: Path
    ):
        self.model = model
        self.device = next(model.parameters()).device
        groups = parameter_groups(model, encoder, settings.weight_decay, settings.layer_decay)
        self.optimiser = torch.optim.AdamW(
            groups, fused=True, lr=settings.peak, betas=settings.betas
        )
        self.precision = Precision(settings.precision, self.device)
        self.average = Average(model, settings.ema) if settings.ema else None
        self.curve: list[dict[str, float]] = []
        self.best: dict[str, float] | None = None
        self._folder = folder
        self._made_with = {**asdict(settings), "seed": seed, "precision": self.precision.name}

    def save(self) -> None:
        """Write the checkpoint to resume from."""
        save_last(
            self._folder,
            {
                "settings": self._made_with,
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "scaler": self.precision.scaler.state_dict(),
                "average": self.average.state if self.average else None,
                "best": self.best,
                "curve": self.curve,
            },
        )

    def restore(self) -> None:
        """Go on from the checkpoint, if there is one.

        Raises:
            MespotError: when it is damaged or of other settings.
        """
        content = load_last(self._folder, self._made_with, self.device)
        if content is None:
            return
        try:
            self.model.load_state_dict(content["model"])
            self.optimiser.load_state_dict(content["optimiser"])
            self.precision.scaler.load_state_dict(content["scaler"])
            if self.average:
                self.average.load(content["average"])
            self.curve, self.best = content["curve"], content["best"]
        except Exception as error:  # noqa: BLE001 - torch raises many kinds on odd content
            raise unusable(self._folder, error) from error

    @contextlib.contextmanager
    def as_saved(self) -> Iterator[None]:
        """Give the model the weights that would be kept now, in evaluation mode."""
        self.model.eval()
        with self.average.applied(self.model) if self.average else contextlib.nullcontext():
            yield
        self.model.train()

    def note_best(self, loss: float, main: bool) -> None:
        """Keep the present weights when ``loss`` is below that of all earlier checkpoints."""
        if self.best is None or loss < self.best["loss"]:
            self.best = {"step": len(self.curve) - 1, "loss": loss}
            if main:
                state = self.average.state if self.average else self.model.state_dict()
                save_best(self._folder, len(self.curve) - 1, state)


def check_same_step(starts: list[int], folder: Path) -> None:
    """Check that all processes resume at the same step.

    Raises:
        MespotError: when they do not see the same checkpoint.
    """
    if len(set(starts)) > 1:
        raise MespotError(
            f"{folder}: found steps {starts} in the processes, expected a folder that they share"
        )
