"""Pairs of event and prediction that overlap enough, for all videos at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.core.errors import MespotError
from mespot.metric.intervals import Intervals

OVERLAPS = {"frames": 1.0, "span": 0.0}
"""How long an interval is beyond ``offset - onset``: both ends are frames of it, or neither."""


@dataclass(frozen=True)
class Pairs:
    """Pairs that overlap enough to be matched.

    Attributes:
        truth: (k,) rows of the truth.
        predicted: (k,) rows of the predictions.
        iou: (k,) intersection over union.

    Pairs are sorted by group, onset and offset of the prediction, then of the event, never by
    row: what a matching makes of a tie does not hang on the order of a file.
    """

    truth: np.ndarray
    predicted: np.ndarray
    iou: np.ndarray

    def __len__(self) -> int:
        return self.truth.size

    def take(self, rows: np.ndarray) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.truth[rows], self.predicted[rows], self.iou[rows])


def check_min_iou(min_iou: float) -> float:
    """Refuse a threshold outside (0, 1].

    Raises:
        MespotError: it is outside.
    """
    if not 0.0 < min_iou <= 1.0:
        raise MespotError(f"min_iou: found {min_iou:g}, expected more than 0 and at most 1")
    return min_iou


def enough(iou: np.ndarray, min_iou: float, strict: bool) -> np.ndarray:
    """Tell which overlaps suffice for a hit."""
    return iou > min_iou if strict else iou >= min_iou


class TruthIndex:
    """Events sorted by group and onset, so that thousands of predictions need no loop.

    A group is what may match at all: a video, or a video and a type. An IoU of ``min_iou`` bounds
    how far the onset of an event can lie from that of a prediction, by the length of the
    prediction times ``1 / min_iou - 1``: only events in that window are looked at, and the cost
    is that of sorting, not of all pairs of a video.
    """

    def __init__(self, truth: Intervals, group: np.ndarray, overlap: str = "frames"):
        """Sort the events.

        Args:
            truth: (n,) events.
            group: (n,) group of each event.
            overlap: ``frames``, inclusive frame sets, or ``span``, ``offset - onset``.
        """
        self._extra = OVERLAPS[overlap]
        self._order = np.lexsort((truth.offset, truth.onset, group))
        self._group = group[self._order]
        self._onset = truth.onset[self._order]
        self._offset = truth.offset[self._order]
        self._low = float(self._onset.min(initial=0.0))
        # wider than all events, so that the key of a group never reaches into the next one
        self._width = float(self._onset.max(initial=0.0)) - self._low + 4.0
        self._key = self._group * self._width + (self._onset - self._low)

    def pairs(
        self, predictions: Intervals, group: np.ndarray, min_iou: float, strict: bool
    ) -> Pairs:
        """Find all pairs of the same group that overlap enough.

        Args:
            predictions: (m,) predicted intervals.
            group: (m,) group of each prediction.
            min_iou: smallest IoU, above 0.
            strict: ask for more than ``min_iou``.
        """
        order = np.lexsort((predictions.offset, predictions.onset, group))
        onset, offset = predictions.onset[order], predictions.offset[order]
        reach = (offset - onset + self._extra) * (1.0 / min_iou - 1.0) + 1.0
        base = group[order] * self._width
        highest = self._width - 2.0
        first = base + np.clip(onset - reach - self._low, -1.0, highest)
        last = base + np.clip(onset + reach - self._low, -1.0, highest)
        start = np.searchsorted(self._key, first, side="left")
        sizes = np.searchsorted(self._key, last, side="right") - start
        predicted = np.repeat(np.arange(order.size), sizes)
        within = np.arange(predicted.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        truth = start[predicted] + within
        begin = np.maximum(self._onset[truth], onset[predicted])
        end = np.minimum(self._offset[truth], offset[predicted])
        inter = np.maximum(end - begin + self._extra, 0.0)
        lengths = (self._offset - self._onset)[truth] + (offset - onset)[predicted]
        union = lengths + 2.0 * self._extra - inter
        # two intervals of one frame have no span: by that rule they never overlap
        iou = np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)
        kept = np.flatnonzero(enough(iou, min_iou, strict))
        return Pairs(self._order[truth[kept]], order[predicted[kept]], iou[kept])
