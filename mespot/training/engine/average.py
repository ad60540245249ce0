"""Exponential moving average of the weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


class Average:
    """Moving average of a model's weights, which evaluation and the saved files use.

    The decay rises with the steps, ``min(decay, (1 + step) / (10 + step))``: the fresh weights of
    the first steps would otherwise stay in a short training's average to its end.

    Args:
        model: the model whose weights are averaged.
        decay: share of the old average that a step keeps.
    """

    def __init__(self, model: nn.Module, decay: float):
        self._decay = decay
        self.state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after 0-based ``step``."""
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, share)
            else:
                self.state[name].copy_(value)

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Go on from the average of a checkpoint."""
        for name, value in self.state.items():
            value.copy_(state[name])

    @contextlib.contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """Let ``model`` have the averaged weights for the body."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.state)
        try:
            yield
        finally:
            model.load_state_dict(own)
