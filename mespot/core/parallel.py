"""Work per video on all cores, with a progress bar.

joblib runs the tasks; the same code runs on many nodes when the caller wraps it in
``joblib.parallel_config(backend="dask")`` (extra ``cluster``). Tasks must be idempotent and write
atomically, so that a pool that lost a worker can simply be run again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from mespot.core.progress import track

log = logging.getLogger(__name__)
_ATTEMPTS = 3  # beginnings, when processes are killed


def cores(jobs: int) -> int:
    """Number of processes for ``jobs`` (0 = all usable cores)."""
    return jobs if jobs > 0 else len(os.sched_getaffinity(0))


def map_videos(
    function: Callable[..., Any], tasks: Sequence[tuple], jobs: int, label: str
) -> list[Any]:
    """Call ``function(*task)`` for every task and return the results in order.

    Args:
        function: importable, idempotent, single-threaded inside.
        tasks: argument tuples, one per video.
        jobs: processes; 0 = all cores, 1 = in this process.
        label: text before the progress bar.

    Raises:
        whatever ``function`` raises; a worker that is killed (memory) is retried twice.
    """
    tasks = list(tasks)
    if cores(jobs) == 1 or len(tasks) <= 1:
        return [function(*task) for task in track(tasks, label)]
    # slow to import, and one video needs no pool
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with Parallel(n_jobs=min(cores(jobs), len(tasks)), return_as="generator") as pool:
                results = pool(delayed(_single_threaded)(function, task) for task in tasks)
                return list(track(results, label, total=len(tasks)))
        except TerminatedWorkerError:
            if attempt == _ATTEMPTS:
                raise
            log.warning("%s: a worker was killed, trying again (%d)", label, attempt)
    raise AssertionError("unreachable")


def _single_threaded(function: Callable[..., Any], task: tuple) -> Any:
    import cv2

    cv2.setNumThreads(1)
    return function(*task)
