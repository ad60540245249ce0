"""Random numbers that depend on seed and step only, never on what ran before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def seeded(seed: int, *path: int) -> Iterator[None]:
    """Seed torch's global generators for the body and put their state back afterwards.

    Args:
        seed: seed of the run.
        path: what distinguishes this body, such as a step number.
    """
    # this process's device only: to touch the others would claim memory on each of them
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    state = int(np.random.SeedSequence((seed, *path)).generate_state(1, np.uint64)[0] >> 1)
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(state)
        yield
