"""Several processes that train one model: who is who, and how they agree.

``torchrun`` starts the processes and names them in the environment; without it there is one
process and everything here is a no-op. Batches are split by row, so that the number of processes
does not change what a step sees.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist

from mespot.core.errors import MespotError
from mespot.models.weights import device_for_training

Result = TypeVar("Result")
_PATIENCE = timedelta(hours=12)  # others wait while process 0 shrinks a million clips


@dataclass(frozen=True)
class Group:
    """The processes of one training.

    Attributes:
        rank: this process, 0 = the one that writes, logs and holds locks.
        world: number of processes.
        device: where this process computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def main(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def add(self, values: torch.Tensor) -> torch.Tensor:
        """Sum over all processes, in place."""
        if self.world > 1:
            dist.all_reduce(values)
        return values

    def gather(self, value: Any) -> list[Any]:
        """Return what every process passed, by rank."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        dist.all_gather_object(values, value)
        return values

    def shared(self, value: Any) -> Any:
        """Return what process 0 passed."""
        return self.gather(value)[0]

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Run the body in all processes; when it fails in one, all of them raise.

        Raises:
            MespotError: of this process, else the first one of another process.
        """
        own: MespotError | None = None
        try:
            yield
        except MespotError as error:
            own = error
        failures = [text for text in self.gather(str(own) if own else None) if text]
        if own is not None:
            raise own
        if failures:
            raise MespotError(failures[0])

    def main_first(self, function: Callable[[], Result]) -> Result:
        """Call ``function`` in process 0, then in the others, which find its files."""
        result: list[Result] = []
        for turn in (True, False):
            with self.together():
                if self.main is turn:
                    result.append(function())
        return result[0]


def alone(device: torch.device | None = None) -> Group:
    """Return the group of a single process; ``None`` = CUDA if there is any, else CPU."""
    return Group(0, 1, device or device_for_training())


@contextlib.contextmanager
def process_group() -> Iterator[Group]:
    """Join the processes that ``torchrun`` started; alone without it.

    NCCL between CUDA devices (one per process), gloo between CPUs. When a process dies,
    ``torchrun`` ends the others.

    Raises:
        MespotError: for more processes on a machine than CUDA devices.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield alone()
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        if local >= torch.cuda.device_count():
            raise MespotError(
                f"torchrun: found process {local} on this machine, expected at most one per CUDA "
                f"device ({torch.cuda.device_count()})"
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    yield Group(dist.get_rank(), world, device)
    # not after an error: the others may be stuck, and leaving would wait for them
    dist.destroy_process_group()


def shard(count: int, group: Group) -> np.ndarray:
    """Rows of a set of ``count`` that this process handles: ``rank``, ``rank + world``, ..."""
    return np.arange(group.rank, count, group.world)


def collect(own: np.ndarray, count: int, group: Group) -> np.ndarray:
    """Put the results of all shards in order, whether or not the set divides evenly.

    Args:
        own: results of ``shard(count, group)``, first axis the rows, empty for no row.
        count: size of the set.
        group: the processes.

    Returns:
        (count, ...) in every process.
    """
    whole = np.empty((count, *own.shape[1:]), own.dtype)
    for rank, part in enumerate(group.gather(own)):
        whole[rank :: group.world] = part
    return whole
