from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from mespot.core.errors import MespotError
from mespot.core.worker_pool import Crew


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
    with Crew(count) as crew:
        assert list(crew.map(square, [(i,) for i in range(20)])) == [i * i for i in range(20)]
        assert crew.submit(square, 7)() == 49


@pytest.mark.parametrize("count", [0, 2])
def test_an_error_arrives_where_the_result_would(count):
    with Crew(count) as crew:
        results = crew.map(refuse, [(3,)])
        with pytest.raises(MespotError, match="3 is refused"):
            next(results)


def test_work_is_done_elsewhere_where_there_is_somebody():
    with Crew() as crew:
        crew.prepare(own_process)
        assert crew.submit(own_process)() == os.getpid()
    with Crew(1) as crew:
        other = crew.submit(own_process)()
        assert crew.submit(own_process)() == other != os.getpid()


def test_what_a_killed_process_leaves_is_done_here(caplog):
    own = os.getpid()
    with Crew(2) as crew:
        assert list(crew.map(die_unless, [(own,)] * 4)) == [own] * 4
        assert crew.count == 0 and caplog.text.count("killed") == 1
        assert crew.submit(own_process)() == own
    with Crew(2) as crew:
        crew.submit(die_unless, own)
        time.sleep(0.5)
        assert crew.submit(square, 2)() == 4
        assert list(crew.map(square, [(3,)])) == [9]


def test_work_that_nobody_wants_is_dropped():
    with Crew(1) as crew:
        started = time.monotonic()
        for _ in range(100):
            crew.submit(time.sleep, 0.2)
        crew.drop()
        assert crew.submit(square, 3)() == 9
    assert time.monotonic() - started < 5


def test_nobody_outlives_a_killed_parent():
    code = (
        "import os, time\n"
        "from mespot.core.worker_pool import Crew\n"
        "with Crew(3) as crew:\n"
        "    crew.submit(abs, -1)()\n"
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
