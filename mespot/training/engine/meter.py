"""Speed and memory of a training: figures of this machine, never part of its results."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from typing import TypeVar

import torch

Item = TypeVar("Item")


class Meter:
    """Clips per second, share of the time spent waiting for data, peak memory.

    Args:
        device: where the network computes.
    """

    def __init__(self, device: torch.device):
        self._device = device
        self._start = time.perf_counter()
        self._waited = 0.0
        self._clips = 0

    def wait(self, batches: Iterator[Item]) -> Item:
        """Take the next batch and note how long it took to come."""
        before = time.perf_counter()
        batch = next(batches)
        self._waited += time.perf_counter() - before
        return batch

    def count(self, clips: int) -> None:
        """Note the clips of a finished step, over all processes."""
        self._clips += clips

    def read(self) -> dict[str, float]:
        """Return the figures since the last reading, and start anew.

        ``clips_per_second``; ``data_wait``, a share of the time; ``peak_memory``, GiB, of the
        CUDA device or else of this process, since it started.
        """
        now = time.perf_counter()
        spent = max(now - self._start, 1e-9)
        figures = {
            "clips_per_second": self._clips / spent,
            "data_wait": self._waited / spent,
            "peak_memory": self._peak_bytes() / 2**30,
        }
        self._start, self._waited, self._clips = now, 0.0, 0
        return figures

    def _peak_bytes(self) -> int:
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts KiB
