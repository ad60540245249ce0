"""Processes that work on parts of one video side by side, each on one core.

Threads would wait for one another: between the short native calls of flow and of drawing lies
Python code, which only one thread at a time may run.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, TypeVar

from mespot.errors import MespotError

Result = TypeVar("Result")
_NICE = 10
_KILLED = "a process that worked on the video was killed (out of memory?)"


class Crew:
    """A pool of processes that lasts for a command.

    The processes are forked at once, where the system forks: open it before anything starts
    threads, OpenCV's pool among them, and after the imports that they share.

    Args:
        count: processes; 0 = none, the caller does the work itself.
    """

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Crew:
        if self.count:
            kind = "fork" if sys.platform == "linux" else "spawn"
            context = multiprocessing.get_context(kind)
            self._pool = ProcessPoolExecutor(self.count, context, initializer=_settle_in)
            self._pool.submit(int)  # starts all of them
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def submit(self, function: Callable[..., Result], *arguments: Any) -> Callable[[], Result]:
        """Begin a piece of work.

        Args:
            function: importable by its name.
            arguments: small enough to be sent.

        Returns:
            a function that waits for the result, or raises what the work raised. Without
            processes, the work is done before.

        Raises:
            MespotError: (or from the returned function) a process was killed.
        """
        if self._pool is None:
            result = function(*arguments)
            return lambda: result
        future = _submitted(self._pool, function, arguments)
        return lambda: _result(future)

    def map(self, function: Callable[..., Result], tasks: Iterable[tuple]) -> Iterator[Result]:
        """Begin ``function(*task)`` for every task now; yield the results in order.

        Without processes, each is worked on when its result is asked for.
        """
        if self._pool is None:
            return (function(*task) for task in tasks)
        waiting = [_submitted(self._pool, function, task) for task in tasks]
        return (_result(future) for future in waiting)

    def prepare(self, function: Callable[[], Any]) -> None:
        """Begin ``function()``, for which nobody waits: what may be done ahead, such as imports."""
        if self._pool is not None:
            _submitted(self._pool, function, ())


def _submitted(
    pool: ProcessPoolExecutor, function: Callable[..., Result], arguments: Sequence[Any]
) -> Future[Result]:
    try:
        return pool.submit(function, *arguments)
    except BrokenProcessPool as error:
        raise MespotError(_KILLED) from error


def _result(future: Future[Result]) -> Result:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise MespotError(_KILLED) from error


def _settle_in() -> None:
    # the main process follows the face frame after frame, for which all others wait
    os.nice(_NICE)
    # Ctrl-C reaches the whole group: the main process ends the others in order
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent closes nothing down; its processes would wait for work for ever."""
    parent = multiprocessing.parent_process()
    wait([parent.sentinel])
    os._exit(1)
