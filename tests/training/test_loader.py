from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mespot.core.errors import MespotError
from mespot.core.watchdog import call_within
from mespot.training.engine.loader import Loading, loaded

ROOT = Path(__file__).resolve().parents[2]


def make(key):
    if key == "bad":
        raise MespotError("clip 3.mp4: cannot be decoded, expected a video")
    if key == "dead":
        os._exit(3)
    if key == "stuck":
        call_within(0.3, Path("stuck.mp4"), lambda: time.sleep(20))
    if key == "bug":
        raise RuntimeError("a bug of ours")
    return torch.full((2,), key), os.getpid()


@pytest.mark.parametrize("workers", [0, 2])
def test_items_come_in_order_whatever_the_number_of_processes(workers):
    before = torch.random.get_rng_state()
    items = list(loaded(make, range(7), Loading(workers, 2, False)))
    assert [int(values[0]) for values, _ in items] == list(range(7))
    processes = {process for _, process in items}
    if workers == 0:
        assert processes == {os.getpid()}
    else:
        assert os.getpid() not in processes
        assert len(processes) == min(2, len(os.sched_getaffinity(0)))
    assert (torch.random.get_rng_state() == before).all()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_fault_in_a_process_is_the_same_one_line(workers):
    items = loaded(make, [0, "bad"], Loading(workers, 1, False))
    next(items)
    with pytest.raises(MespotError) as error:
        next(items)
    assert str(error.value) == "clip 3.mp4: cannot be decoded, expected a video"


@pytest.mark.slow
@pytest.mark.parametrize("fate", ["dead", "stuck"])
def test_a_process_that_ends_is_one_line_that_says_what_to_do(fate, capfd):
    with pytest.raises(MespotError) as error:
        list(loaded(make, [0, fate], Loading(1, 1, False)))
    text = str(error.value)
    assert "\n" not in text and "classify.limit" in text and "loader process" in text
    if fate == "stuck":
        assert "stuck.mp4" in capfd.readouterr().err


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bug_is_no_dead_process(workers):
    with pytest.raises(RuntimeError, match="a bug of ours"):
        list(loaded(make, ["bug"], Loading(workers, 1, False)))


ARMED = """
import faulthandler
from pathlib import Path
from mespot.core.watchdog import call_within
from mespot.training.engine.loader import Loading, loaded

faulthandler.dump_traceback_later(600)
make = lambda key: call_within(30, Path("a.mp4"), lambda: key)
assert list(loaded(make, [3, 4], Loading(1, 1, False))) == [3, 4]
"""


@pytest.mark.slow
def test_a_watchdog_that_is_armed_at_the_fork_does_not_stop_the_workers():
    # pytest's own faulthandler_timeout did: the child waited for the thread it did not inherit
    subprocess.run([sys.executable, "-c", ARMED], cwd=ROOT, check=True, timeout=120)
