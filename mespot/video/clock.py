"""Frame times of a video file, and the constant grid on which everything downstream counts.

Everything after decoding takes ``index / fps`` for the time of a frame. A file of constant rate
keeps one index per frame. A file of variable rate (phones, browsers, dropped frames) is put on a
grid: index ``i`` shows the last frame whose time is not after ``(i + 0.5) / fps``, so frames move
by half a period at most, gaps hold the frame before them, and of frames that crowd one place the
last one is shown. Times count from the first frame that is shown, so a file whose time stamps
begin anywhere (cut clips, edit lists, transport streams) is not shifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_STEADY = 0.45  # periods by which a frame of a constant-rate file may miss its place
_SAME = 0.01  # relative difference up to which two frame rates mean the same
_NEAR = (
    0.1  # the same for the rate of a grid, for which a stated rate is better than a measured one
)
_CUT = 10.0  # s; a longer pause is a broken time stamp, not a frame that is shown for so long


@dataclass(frozen=True)
class FrameClock:
    """How the frames of a file get their indices.

    Attributes:
        fps: frames per second as presented: index ``i`` lies at ``i / fps``.
        rate: indices per second of the file's own time.
        kind: ``constant`` (one index per frame), ``variable`` (grid), or ``counted`` (frames are
            numbered through, because the given rate overrules the file's variable one).
        samples: frames stored in the file.
        frames: indices from the first to the last frame.
    """

    fps: float
    rate: float
    kind: str
    samples: int
    frames: int

    def slots(self, times: Sequence[float | None] | np.ndarray) -> np.ndarray:
        """Indices (n,) of frames shown at ``times`` s, in the order of display."""
        ticker = Ticker(self)
        return np.array([ticker.slot(time) for time in times], dtype=np.int64)


class Ticker:
    """Gives each frame of one reading its index."""

    def __init__(self, clock: FrameClock) -> None:
        self._clock = clock
        self._cut = _CUT if clock.kind == "variable" else np.inf
        self._last: float | None = None
        self._elapsed = 0.0  # in indices
        self._count = 0

    def slot(self, time: float | None) -> int:
        """Index of the next frame, which is shown at ``time`` s; ``None`` where it does not say.

        Without a time, or with one that runs backwards or leaps, it follows the frame before.
        """
        self._count += 1
        if self._clock.kind == "counted":
            return self._count - 1
        if self._count > 1:
            step = 1.0 / self._clock.rate
            if time is not None and self._last is not None:
                passed = time - self._last
                if 0.0 <= passed <= self._cut:
                    step = passed
            self._elapsed += step * self._clock.rate
        self._last = time if time is not None else self._last
        # a hair below one half: a frame just on the border belongs to the earlier index
        return int(np.floor(self._elapsed + 0.5 - 1e-6))


def make_clock(
    times: np.ndarray, declared: Sequence[float], given: float | None
) -> FrameClock | None:
    """Decide on constant or variable rate.

    Args:
        times: (n,) s, ascending, of all frames; presentation or, where the order of display does
            not matter, decoding times.
        declared: frame rates that the container states, the more credible first.
        given: frames per second by the user or the index; overrules those of the file. Within
            1 % of the file's own it keeps the file's time stamps.

    Returns:
        ``None`` when no rate is declared, given or measurable.
    """
    count = len(times)
    measured = _measured_rate(times)
    rates = [rate for rate in (*declared, measured) if rate]
    if not rates:
        if given is None:
            return None
        rates = [given]
    places = np.arange(count)
    for rate in rates:
        if np.abs((times - times[:1]) * rate - places).max(initial=0.0) < _STEADY:
            return FrameClock(given or rate, rate, "constant", count, count)
    own = next((rate for rate in rates if abs(rate - measured) <= _NEAR * measured), measured)
    if given and not any(abs(given - rate) <= _SAME * rate for rate in rates):
        return FrameClock(given, given, "counted", count, count)
    grid = FrameClock(given or own, given or own, "variable", count, 0)
    frames = int(grid.slots(times)[-1]) + 1
    return FrameClock(grid.fps, grid.rate, "variable", count, frames)


def _measured_rate(times: np.ndarray) -> float:
    """Rate (1/s) of the usual distance between frames; 0 when there are no two times.

    The mean of the distances near their median: pauses do not lower it, and coarse time stamps
    (33, 33, 34 ms) average out.
    """
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not steps.size:
        return 0.0
    middle = float(np.median(steps))
    return 1.0 / float(steps[np.abs(steps - middle) <= 0.5 * middle].mean())
