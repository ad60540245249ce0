from __future__ import annotations

import threading
import time

import pytest

from mespot.core.timing import Timing
from mespot.video.read_ahead import ahead


def test_order_is_kept_and_no_more_than_the_depth_is_made_ahead():
    made = []

    def items():
        for number in range(20):
            made.append(number)
            yield number

    stream = ahead(items(), 3)
    assert next(stream) == 0
    time.sleep(0.1)
    assert len(made) <= 6
    assert list(stream) == list(range(1, 20))


def test_an_error_comes_at_its_place():
    def items():
        yield 1
        raise OSError("broken")

    stream = ahead(items(), 4)
    assert next(stream) == 1
    with pytest.raises(OSError, match="broken"):
        next(stream)


def test_closing_ends_the_thread_and_closes_the_items():
    closed = threading.Event()

    def items():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    stream = ahead(items(), 2)
    next(stream)
    stream.close()
    assert closed.is_set() and threading.active_count() == before


def test_a_step_inside_another_one_counts_for_itself_alone():
    def burn(seconds: float) -> None:
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass

    timing = Timing()
    with timing.step("outer"):
        burn(0.02)
        with timing.step("inner"):
            burn(0.06)
    assert 0.015 < timing.seconds["outer"] < 0.055 <= timing.seconds["inner"]
    timing.frames = 2
    table = timing.table()
    assert "inner" in table and "rest" in table and "2 frames" in table
