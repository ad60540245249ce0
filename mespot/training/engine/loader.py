"""Clips prepared by loader processes: decoded and changed off the main process, read ahead.

A ``torch.utils.data.DataLoader`` hands whole micro-batches to its processes: each opens the clips
itself, so that nothing of a decoder crosses a fork. What they return depends on the key alone, not
on their number. Faults travel as values, because the loader would wrap an exception in a
traceback of many lines. A process that dies (the watchdog of ``mespot.core.watchdog`` ends one
whose decoder hangs) is one line too.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from mespot.core.errors import MespotError
from mespot.core.watchdog import before_fork

if TYPE_CHECKING:
    from mespot.training.engine.task import Batch

Key = TypeVar("Key")
Item = TypeVar("Item")
_DIED = "DataLoader worker"  # how torch begins its message about a process that is gone


class Loading(NamedTuple):
    """How clips are prepared ahead.

    Attributes:
        workers: loader processes, of which at most one per core starts; 0 = the caller prepares
            each item when it asks for it.
        ahead: items that each process prepares ahead.
        pinned: whether tensors lie in page-locked memory, for copies to a GPU.
        section: params section that holds the first two, for messages.
    """

    workers: int
    ahead: int
    pinned: bool
    section: str = "classify"


class StepKeys(Sequence[tuple[int, int]]):
    """(step, micro-batch) of a training from a step on, counted, not listed.

    Args:
        start: first step.
        stop: one past the last step.
        micros: micro-batches per step.
    """

    def __init__(self, start: int, stop: int, micros: int):
        self._start, self._micros = start, micros
        self._count = max(0, stop - start) * micros

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> tuple[int, int]:
        if not 0 <= place < self._count:
            raise IndexError(place)
        step, micro = divmod(place, self._micros)
        return self._start + step, micro


class Ahead:
    """The micro-batches of a training, prepared by loader processes ahead of the loop.

    Args:
        make: makes the batch of (step, rows); a pure function, run in loader processes.
        stop: number of steps of the whole training.
        parts: rows of each micro-batch of this process.
        loading: processes and depth.
    """

    def __init__(
        self,
        make: Callable[[int, np.ndarray], Batch],
        stop: int,
        parts: Sequence[np.ndarray],
        loading: Loading,
    ):
        self._make, self._stop, self._parts, self._loading = make, stop, parts, loading
        self._items: Iterator[Batch] | None = None
        self._due: Iterator[tuple[int, int]] = iter(())

    def __call__(self, step: int, rows: np.ndarray) -> Batch:
        """Return a micro-batch; the loop asks for all of them in order, from some step on."""
        if self._items is None:
            keys = StepKeys(step, self._stop, len(self._parts))
            self._due = iter(keys)
            self._items = loaded(self._of_key, keys, self._loading)
        due, micro = next(self._due)
        if due != step or not np.array_equal(self._parts[micro], rows):
            raise RuntimeError(f"loop asks for {(step, rows)}, loader holds {(due, micro)}")
        return next(self._items)

    def close(self) -> None:
        """End the loader processes."""
        if self._items is not None:
            self._items.close()
            self._items = None

    def _of_key(self, key: tuple[int, int]) -> Batch:
        return self._make(key[0], self._parts[key[1]])


class _Items(Dataset, Generic[Key, Item]):
    def __init__(self, make: Callable[[Key], Item], keys: Sequence[Key]):
        self._make, self._keys = make, keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, place: int) -> Item | MespotError:
        try:
            return self._make(self._keys[place])
        except MespotError as error:
            return error


def loaded(make: Callable[[Key], Item], keys: Sequence[Key], loading: Loading) -> Iterator[Item]:
    """Yield ``make(key)`` for every key, in order.

    Args:
        make: makes an item of tensors; a pure function, run in loader processes.
        keys: what to make.
        loading: processes and depth.

    Raises:
        MespotError: what ``make`` raised, at the item that it belongs to; a loader process that
            died.
    """
    workers = min(loading.workers, len(os.sched_getaffinity(0)))
    loader = DataLoader(
        _Items(make, keys),
        batch_size=None,
        collate_fn=_as_it_is,
        num_workers=workers,
        prefetch_factor=loading.ahead if workers else None,
        pin_memory=loading.pinned,
        worker_init_fn=_prepare_worker,
        # forked, so that lists of a million clips are shared and torch is not imported anew
        multiprocessing_context="fork" if workers else None,
        # a generator of its own: the loader must not draw from the training's random numbers
        generator=torch.Generator(),
    )
    # a fork takes OpenCV's pool along without its threads: whoever uses it there waits for ever
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    if workers:
        before_fork()
    items = iter(loader)  # forks
    cv2.setNumThreads(threads)
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except RuntimeError as error:
            if not str(error).startswith(_DIED):
                raise
            name = loading.section
            raise MespotError(
                f"{name}: a loader process ended ({_first_line(error)}); the lines above name "
                f"the clip where reading took longer than {name}.limit, else memory or shared "
                f"memory ran out: lower {name}.workers or the batch"
            ) from error
        if isinstance(item, MespotError):
            raise item
        yield item


def _as_it_is(item: Item) -> Item:
    return item


def _prepare_worker(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends them and says one line
    try:
        sys.stderr.fileno()
    except (OSError, ValueError):  # a notebook's; the watchdog needs a real one
        sys.stderr = sys.__stderr__


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
