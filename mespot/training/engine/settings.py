"""Settings of the training loop."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mespot.core.errors import MespotError
from mespot.training.engine.optimiser import half_cosine

if TYPE_CHECKING:
    from mespot.params.loop import LoopParams


@dataclass(frozen=True)
class LoopSettings:
    """Settings of one training; what can be left out is off.

    Attributes:
        steps: optimiser steps of the schedule.
        batch: clips per step, over all processes and micro-batches.
        lr: peak learning rate for a batch of 256; the rate used is ``lr * batch / 256``.
        weight_decay: AdamW weight decay.
        warmup: share of the steps with a rising rate.
        betas: AdamW betas.
        layer_decay: learning-rate factor per layer downwards.
        checkpoint_every: steps between checkpoints.
        final_lr: last rate of the schedule, share of the peak.
        final_weight_decay: weight decay at the end of the schedule, share of the first.
        stop_after: share of the schedule after which training ends.
        clip_norm: largest gradient norm; one odd batch must not undo a short training; 0 = none.
        accumulate: micro-batches per step and process.
        precision: see ``mespot.training.engine.precision``.
        ema: decay of the averaged weights; 0 = none.
        compile: compile the network.
        prefetch: micro-batches prepared ahead.
        keep: ``last`` weights, or the ``best`` ones, see ``mespot.training.engine.loop``.
        log_every: steps between figures of the machine.
    """

    steps: int
    batch: int
    lr: float
    weight_decay: float
    warmup: float
    betas: tuple[float, float]
    layer_decay: float
    checkpoint_every: int
    final_lr: float = 0.01
    final_weight_decay: float = 1.0
    stop_after: float = 1.0
    clip_norm: float = 1.0
    accumulate: int = 1
    precision: str = "auto"
    ema: float = 0.0
    compile: bool = False
    prefetch: int = 0
    keep: str = "last"
    log_every: int = 10

    @property
    def peak(self) -> float:
        """Highest learning rate."""
        return self.lr * self.batch / 256

    @property
    def stop(self) -> int:
        """Number of steps that are made."""
        return round(self.stop_after * self.steps)

    def weight_decay_at(self, step: int) -> float:
        """Weight decay of a step: half a cosine from the first to the last value."""
        last = self.weight_decay * self.final_weight_decay
        return half_cosine(step, self.steps, self.weight_decay, last)

    def check(self, world: int) -> None:
        """Check that every micro-batch of every process gets a clip.

        Raises:
            MespotError: naming the keys.
        """
        if self.batch < world * self.accumulate:
            raise MespotError(
                f"batch: found {self.batch} clips, expected at least processes x accumulate = "
                f"{world} x {self.accumulate}"
            )


def loop_settings(params: LoopParams, **others: Any) -> LoopSettings:
    """Take the settings of the loop out of a params section.

    The loop has a class of its own, because it also runs where pydantic is not installed.

    Args:
        params: section ``pretrain`` or of a fine-tuning; what it lacks stays off.
        others: settings that do not stand there under their name.
    """
    names = [field.name for field in fields(LoopSettings)]
    read = {name: getattr(params, name) for name in names if hasattr(params, name)}
    return LoopSettings(**{**read, **others})
