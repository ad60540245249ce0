"""Processes that work on parts of one video side by side, each on one core.

Threads would wait for one another: between the short native calls of flow and of drawing lies
Python code, which only one thread at a time may run.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, TypeVar

log = logging.getLogger(__name__)
Result = TypeVar("Result")
_NICE = 10  # lower priority than the main process


class WorkerPool:
    """A pool of processes that lasts for a command.

    The processes are forked at once, where the system forks: open it before libraries start
    threads (OpenCV's pool, FFmpeg's decoders), and after the imports that they share. When one of
    them is killed, the calling process does the work from then on, and repeats what was lost.

    Args:
        count: processes; 0 = none, the caller does the work itself.

    Attributes:
        count: processes that there are now.
    """

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None
        self._begun: weakref.WeakSet[Future[Any]] = weakref.WeakSet()

    def __enter__(self) -> WorkerPool:
        if self.count:
            kind = "fork" if sys.platform == "linux" else "spawn"
            context = multiprocessing.get_context(kind)
            # an interruption while processes are forked gets lost, or ends some of them alone
            masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                self._pool = ProcessPoolExecutor(self.count, context, initializer=_init_worker)
                self._pool.submit(int)  # forks all of them
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, masked)
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
            function: importable by its name; may be called twice.
            arguments: small enough to be sent.

        Returns:
            a function that waits for the result, or raises what the work raised. Without
            processes, the work is done before.
        """
        future = self._future(function, arguments)
        if future is None:
            result = function(*arguments)
            return lambda: result
        return lambda: self._result(future, function, arguments)

    def map(self, function: Callable[..., Result], tasks: Iterable[tuple]) -> Iterator[Result]:
        """Begin ``function(*task)`` for every task now.

        Args:
            function: importable by its name; may be called twice with a task.
            tasks: arguments, small enough to be sent.

        Yields:
            the results in order. Without processes, each is worked on when it is asked for.
        """
        begun = [(self._future(function, task), task) for task in tasks]
        return (self._result(future, function, task) for future, task in begun)

    def warm_up(self, function: Callable[[], Any]) -> None:
        """Begin ``function()``, for which nobody waits: what may be done ahead, such as imports."""
        self._future(function, ())

    def cancel_pending(self) -> None:
        """Forget the work that has not begun and that nobody will ask for any more."""
        for future in list(self._begun):
            future.cancel()

    def _future(
        self, function: Callable[..., Result], arguments: Sequence[Any]
    ) -> Future[Result] | None:
        """Begin in another process; None where there is none."""
        if self._pool is None:
            return None
        try:
            future = self._pool.submit(function, *arguments)
        except BrokenProcessPool:
            self._go_on_alone()
            return None
        self._begun.add(future)
        return future

    def _result(
        self,
        future: Future[Result] | None,
        function: Callable[..., Result],
        arguments: Sequence[Any],
    ) -> Result:
        if future is not None:
            try:
                return future.result()
            except BrokenProcessPool:
                self._go_on_alone()
        return function(*arguments)

    def _go_on_alone(self) -> None:
        if self._pool is not None:
            log.warning("a process was killed (out of memory?), going on without its like")
            self._pool.shutdown(wait=False)
        self._pool, self.count = None, 0


def _init_worker() -> None:
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
