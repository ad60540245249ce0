"""What the training loop asks of a training: data, input, loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import nn

from mespot.models.encoder import Encoder


class Batch(NamedTuple):
    """Clips of a micro-batch in main memory, and their names for messages."""

    tensors: tuple[torch.Tensor, ...]
    clips: Sequence[str]


class Task(Protocol):
    """A training.

    Attributes:
        model: the weights that are trained, in place, on their device.
        encoder: the part of ``model`` that layer decay refers to.
        objective: module around ``model`` whose ``forward`` takes what ``inputs`` returns and
            returns the loss, a mean over the clips, and the ``figures``, all scalars. It runs
            under autocast, is what several processes share and what gets compiled.
        figures: names of what ``objective`` returns after the loss.
        idle_parameters: whether some weights of ``objective`` never get a gradient.
    """

    model: nn.Module
    encoder: Encoder
    objective: nn.Module
    figures: tuple[str, ...]
    idle_parameters: bool

    def draw(self, step: int, rows: np.ndarray) -> Batch:
        """Make rows of the batch of a step: a pure function, called in any thread.

        It must not draw from torch's or other global generators.
        """

    def inputs(self, step: int, tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Turn a batch on the device into what ``objective`` takes, in float32."""
