"""One optimiser step: micro-batches, gradients of all processes, clipping, the finite check."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mespot.core.errors import MespotError
from mespot.training.engine.compiling import Compiled
from mespot.training.engine.distributed import Group, shard
from mespot.training.engine.loader import StepKeys
from mespot.training.engine.meter import Meter
from mespot.training.engine.optimiser import learning_rate
from mespot.training.engine.seeding import seeded
from mespot.training.engine.settings import LoopSettings
from mespot.training.engine.state import State
from mespot.training.engine.task import Batch, Task

_SKIPPED = 30  # fp16 steps in a row without finite gradient: the scale went down by 2^30


class Outcome(NamedTuple):
    """Loss, learning rate and figures of a step, and the gradient norm before clipping."""

    loss: float
    rate: float
    figures: dict[str, float]
    gradient: float


class Stepper:
    """Makes the steps of a training.

    Process r of w takes rows r, r + w, ... of the step's batch, in ``accumulate`` micro-batches.
    Each loss is weighted by its share of the batch, so that neither number changes the gradient
    (to rounding), also where they do not divide the batch evenly. Random numbers of the network
    (stochastic depth) do differ with both.

    Args:
        task: data, input and loss.
        settings: of the loop.
        seed: of the training.
        state: what the steps change.
        group: the processes that train together.
    """

    def __init__(self, task: Task, settings: LoopSettings, seed: int, state: State, group: Group):
        self._task, self._settings, self._seed = task, settings, seed
        self._state, self._group = state, group
        rows = shard(settings.batch, group)
        self._rows = np.array_split(rows, settings.accumulate)
        self._parallel: DistributedDataParallel | None = None
        runner: nn.Module = task.objective
        if group.world > 1:
            self._parallel = runner = DistributedDataParallel(
                task.objective,
                device_ids=[group.device] if group.device.type == "cuda" else None,
                find_unused_parameters=task.idle_parameters,
            )
        self._runner = Compiled(runner) if settings.compile else runner
        self._skipped = 0

    def keys(self, start: int) -> StepKeys:
        """Step and micro-batch of everything that is to be drawn from step ``start`` on."""
        return StepKeys(start, self._settings.stop, len(self._rows))

    def draw(self, key: tuple[int, int]) -> Batch:
        """Make a micro-batch, in page-locked memory where it goes to a GPU."""
        batch = self._task.draw(key[0], self._rows[key[1]])
        if self._group.device.type == "cuda":
            batch = Batch(tuple(tensor.pin_memory() for tensor in batch.tensors), batch.clips)
        return batch

    def __call__(self, step: int, batches: Iterator[Batch], meter: Meter) -> Outcome:
        """Make a step.

        Raises:
            MespotError: when loss or gradient is not finite; the weights are as before the step.
        """
        settings, state = self._settings, self._state
        rate = learning_rate(
            step, settings.steps, settings.warmup, settings.peak, settings.peak * settings.final_lr
        )
        decay = settings.weight_decay_at(step)
        for parameters in state.optimiser.param_groups:
            parameters["lr"] = rate * parameters["scale"]
            if parameters["weight_decay"]:
                parameters["weight_decay"] = decay
        state.optimiser.zero_grad(set_to_none=True)
        total = torch.zeros(1 + len(self._task.figures), device=self._group.device)
        drawn = []
        for micro in range(len(self._rows)):
            batch = meter.wait(batches)
            values = self._gradients(step, micro, batch)
            total += values * (len(self._rows[micro]) / settings.batch)
            drawn.append((batch.clips, values[0]))
        self._group.add(total)
        scaler = state.precision.scaler
        scaler.unscale_(state.optimiser)
        norm = nn.utils.clip_grad_norm_(
            state.model.parameters(), settings.clip_norm or math.inf
        ).float()
        loss, *figures, gradient = torch.cat((total, norm.reshape(1))).tolist()
        if not math.isfinite(loss):
            self._stop(step, "loss", loss, drawn)
        if not math.isfinite(gradient):
            self._skipped += 1
            if not scaler.is_enabled() or self._skipped > _SKIPPED:
                self._stop(step, "gradient", gradient, drawn)
        else:
            self._skipped = 0
        scaler.step(state.optimiser)
        scaler.update()
        return Outcome(loss, rate, dict(zip(self._task.figures, figures, strict=True)), gradient)

    def _gradients(self, step: int, micro: int, batch: Batch) -> torch.Tensor:
        """Add the gradient of a micro-batch; returns loss and figures, detached."""
        group, settings = self._group, self._settings
        whole = group.world * len(self._rows) == 1
        later = micro < len(self._rows) - 1  # processes add up after the last micro-batch
        waits = self._parallel is not None and later
        with contextlib.ExitStack() as stack:
            stack.enter_context(seeded(self._seed, step, *(() if whole else (group.rank, micro))))
            if waits:
                stack.enter_context(self._parallel.no_sync())
            tensors = tuple(tensor.to(group.device, non_blocking=True) for tensor in batch.tensors)
            inputs = self._task.inputs(step, tensors)
            with self._state.precision.autocast():
                values = self._runner(*inputs)
            # DDP takes the mean over processes; the shares sum to 1 over all of them
            share = len(self._rows[micro]) * group.world / settings.batch
            loss = values[0] if share == 1 else values[0] * share
            self._state.precision.scaler.scale(loss).backward()
        return torch.stack([value.detach().float() for value in values])

    def _stop(
        self,
        step: int,
        what: str,
        value: float,
        drawn: Sequence[tuple[Sequence[str], torch.Tensor]],
    ) -> None:
        """Raise in all processes, with the clips of the micro-batches at fault."""
        faulty = [name for names, loss in drawn for name in names if not torch.isfinite(loss)]
        named = [name for part in self._group.gather(faulty) for name in part]
        if not named:
            everything = [name for names, _ in drawn for name in names]
            named = [name for part in self._group.gather(everything) for name in part]
        raise MespotError(
            f"training step {step}: the {what} is {value}; clips: {', '.join(named)}; "
            "lower the learning rate or check these clips"
        )
