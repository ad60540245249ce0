"""Where the CPU time of a video goes: seconds by step, added up over threads and processes.

CPU time and not time on the wall: steps run side by side, and the machine may be busy elsewhere.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class Timing:
    """Adds up what each step costs; a step inside another one counts for itself alone.

    Attributes:
        seconds: step -> CPU seconds so far.
        frames: source frames so far.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.frames = 0
        self._start = time.perf_counter()
        self._before = time.process_time()
        self._lock = threading.Lock()
        self._nested = threading.local()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the CPU time of this thread inside the ``with`` block for ``name``."""
        around = getattr(self._nested, "seconds", 0.0)
        self._nested.seconds = 0.0
        start = time.thread_time()
        try:
            yield
        finally:
            used = time.thread_time() - start
            self.add(name, used - self._nested.seconds)
            self._nested.seconds = around + used

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield ``items``; what it costs to make them counts for ``name``."""
        iterator = iter(items)
        while True:
            with self.step(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def table(self) -> str:
        """Return the breakdown so far as text, one line per step.

        Processes that this one has started count once they have ended.

        ``start-up`` is what the process had used before this object was made (above all imports),
        ``rest`` what no step accounts for: threads of the decoder, imports in other processes.
        """
        others = os.times()  # of processes that have ended
        total = time.process_time() + others.children_user + others.children_system
        wall = time.perf_counter() - self._start + self._before
        rows = {"start-up": self._before, **self.seconds}
        rows["rest"] = total - sum(rows.values())
        frames = max(self.frames, 1)
        lines = [f"{'step':10s}{'CPU s':>9s}{'ms/frame':>10s}{'share':>8s}"]
        for name, seconds in [*rows.items(), ("all", total)]:
            share = seconds / total
            lines.append(f"{name:10s}{seconds:9.2f}{1e3 * seconds / frames:10.3f}{share:8.1%}")
        lines.append(f"{self.frames} frames in {wall:.2f} s: {self.frames / wall:.0f} frames/s")
        return "\n".join(lines)

    def add(self, name: str, seconds: float) -> None:
        """Count ``seconds`` for ``name``."""
        with self._lock:
            self.seconds[name] += seconds
