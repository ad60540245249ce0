"""Which clip a place of the training takes, epoch after epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


class EpochOrder:
    """Each epoch is a permutation: no clip is left out or drawn twice.

    Args:
        draw: epoch -> (n,) order of its clips; a pure function.
    """

    def __init__(self, draw: Callable[[int], np.ndarray]):
        self._draw = draw
        self._kept = {0: draw(0)}
        self._count = len(self._kept[0])

    def __call__(self, place: int) -> int:
        """Return the clip of a 0-based place, counted over all epochs."""
        epoch, rest = divmod(int(place), self._count)
        if epoch not in self._kept:
            # a batch can reach over the end of an epoch
            self._kept = {kept: order for kept, order in self._kept.items() if kept == epoch - 1}
            self._kept[epoch] = self._draw(epoch)
        return int(self._kept[epoch][rest])
