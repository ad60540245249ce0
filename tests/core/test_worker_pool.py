from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from mespot.core.errors import MespotError
from mespot.core.worker_pool import WorkerPool


def square(number: int) -> int:
    return number * number


def refuse(number: int) -> int:
    raise MespotError(f"{number} is refused")


def own_process() -> int:
    return os.getpid()


def die_unless(survivor: int) -> int:
    if os.getpid() != survivor:
        os.kill(os.getpid(), signal.SIGKILL)
    return survivor


@pytest.mark.parametrize("count", [0, 1, 3])
def test_results_come_in_order(count):
    with WorkerPool(count) as workers:
        assert list(workers.map(square, [(i,) for i in range(20)])) == [i * i for i in range(20)]
        assert workers.submit(square, 7)() == 49


@pytest.mark.parametrize("count", [0, 2])
def test_an_error_arrives_where_the_result_would(count):
    with WorkerPool(count) as workers:
        results = workers.map(refuse, [(3,)])
        with pytest.raises(MespotError, match="3 is refused"):
            next(results)


def test_work_is_done_elsewhere_where_there_is_somebody():
    with WorkerPool() as workers:
        workers.warm_up(own_process)
        assert workers.submit(own_process)() == os.getpid()
    with WorkerPool(1) as workers:
        other = workers.submit(own_process)()
        assert workers.submit(own_process)() == other != os.getpid()


def test_what_a_killed_process_leaves_is_done_here(caplog):
    own = os.getpid()
    with WorkerPool(2) as workers:
        assert list(workers.map(die_unless, [(own,)] * 4)) == [own] * 4
        assert workers.count == 0 and caplog.text.count("killed") == 1
        assert workers.submit(own_process)() == own
    with WorkerPool(2) as workers:
        workers.submit(die_unless, own)
        time.sleep(0.5)
        assert workers.submit(square, 2)() == 4
        assert list(workers.map(square, [(3,)])) == [9]


def test_work_that_nobody_wants_is_dropped():
    with WorkerPool(1) as workers:
        started = time.monotonic()
        for _ in range(100):
            workers.submit(time.sleep, 0.2)
        workers.cancel_pending()
        assert workers.submit(square, 3)() == 9
    assert time.monotonic() - started < 5


def test_nobody_outlives_a_killed_parent():
    code = (
        "import os, time\n"
        "from mespot.core.worker_pool import WorkerPool\n"
        "with WorkerPool(3) as workers:\n"
        "    workers.submit(abs, -1)()\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    parent.stdout.readline()
    children = psutil.Process(parent.pid).children()
    assert len(children) == 3
    parent.kill()
    parent.wait()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert len(gone) == 3 and not alive
