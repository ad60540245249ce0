"""Dense optical flow from a neutral reference crop to a later crop.

Flow runs once per frame on the whole face, always from the reference to the frame, so that it is a
displacement and small motions do not have to be summed up. Farneback's settings differ from the
MEGC teams' (window 15, polynomial 7/1.5). On known shifts of 0.1 to 2 px (`benchmarks/flow_shift.py
--persons 2`) they keep 92-104 % of the motion of a region, more than the teams' (88-93 %) and far
more than DIS medium (73-84 %), fast and ultrafast (48-57 %), most of which shrink larger motion
more; DIS down to the finest scale keeps 88-93 % at sixteen times the cost.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mespot.flow.farneback import Reference

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]


def make_flow() -> Flow:
    """Make a dense flow estimator (Farneback 2003, with a near-constant gain).

    Returns:
        function of two uint8 (H, W) grey images, reference and frame, that gives float32
        (H, W, 2): where each reference pixel went, px, x right and y down. Several threads may
        call it at once. It is fastest when the reference is the same object as in the last call,
        which must not have been written to in between.
    """
    return _Farneback()


class _Farneback:
    """Keeps what was made of the last reference."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, Reference] | None = None

    def __call__(self, reference: np.ndarray, frame: np.ndarray) -> np.ndarray:
        last = self._last  # read once: another thread may replace it
        if last is None or last[0] is not reference:
            self._last = last = reference, Reference(reference)
        return last[1].flow(frame)
