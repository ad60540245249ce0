"""A limit on the time of one native call that may never come back.

Native code that reads a damaged file, or one on a network drive that is gone, may never return and
may hold Python's global lock. No Python thread, signal handler or timeout of a data loader gets a
turn then. ``faulthandler`` waits in a thread of its own that needs no lock: it writes the
stack and ends the process, and the loader reports a dead worker instead of waiting for ever.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def in_worker() -> bool:
    """Tell whether this process was started by ``multiprocessing``, as loader workers are."""
    return multiprocessing.parent_process() is not None


def before_fork() -> None:
    """Disarm ``faulthandler`` in a process that is about to fork workers.

    A child inherits that it is armed (by a test runner, say) but not the thread that waits: arming
    it there would wait for that thread for ever.
    """
    faulthandler.cancel_dump_traceback_later()


def call_within(seconds: float, path: Path | str, call: Callable[[], T]) -> T:
    """Return ``call()``; a worker process in which it takes longer than ``seconds`` ends.

    Args:
        seconds: limit; 0 = none. Never armed in a main process, which would take everything along.
        path: the file that is read; the last words of the process name it.
        call: the work.
    """
    if not seconds or not in_worker():
        return call()
    with _armed(seconds):
        return _labelled(path)(call)


@contextlib.contextmanager
def _armed(seconds: float) -> Iterator[None]:
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _call(call: Callable[[], T]) -> T:
    return call()


def _labelled(path: Path | str) -> Callable[[Callable[[], T]], T]:
    # the stack that faulthandler writes is code names only: so the code bears the video's name
    code = _call.__code__.replace(co_filename=str(path), co_name="decoding_took_too_long")
    return types.FunctionType(code, globals())
