"""From tables of truth and predictions to counts, by any protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.metric.counts import Counts
from mespot.metric.intervals import Intervals, index_videos, read_intervals
from mespot.metric.match import MATCHINGS
from mespot.metric.overlap import Pairs, TruthIndex, check_min_iou
from mespot.metric.protocol import Protocol, choose_protocol

ME_SECONDS = 0.5
"""A longer ``offset - onset`` is a macro-expression where a protocol goes by length."""


class F1Scorer:
    """Scores many sets of predictions against one truth.

    The truth is read and sorted once; a call costs about a millisecond for some hundred
    predictions.

    Attributes:
        protocol: the rule, with the caller's choices in it.
        videos: (V,) the full list.
        types: the types of the counts; empty where types are ignored.
        truth: the events that are scored, as arrays.
    """

    def __init__(
        self,
        truth: Mapping[str, Any] | Any,
        videos: Sequence[str],
        min_iou: float = 0.5,
        typed: bool = True,
        strict: bool = False,
        protocol: str | Protocol = "megc",
        fps: float | Sequence[float] | np.ndarray | None = None,
        subjects: Sequence[str] | None = None,
    ):
        """Prepare the truth.

        Args:
            truth: table of events, see the package docstring.
            videos: the full list of videos, also those without events.
            min_iou: smallest IoU of a hit, in (0, 1].
            typed: False ignores types, whatever the protocol says.
            strict: ask for an IoU above ``min_iou``, whatever the protocol says.
            protocol: name from ``mespot.metric.protocol`` or the protocol itself.
            fps: frames per second, one figure or one per video; used by protocols that go by
                length, which without it give the overall counts alone.
            subjects: (V,) subject of each video; used by ``strs``.

        Raises:
            MespotError: an event in a video outside the list, an unknown type, a reversed event,
                a threshold outside (0, 1], fps that are not positive, no subjects for ``strs``.
        """
        self._index = index_videos(videos)
        self.videos = tuple(self._index)
        self.protocol = choose_protocol(protocol, strict=strict, typed=typed)
        self._min_iou = check_min_iou(min_iou)
        self._longest_me = None if fps is None else _longest_me(fps, len(self.videos))
        by_length = self.protocol.typing == "length"
        split = self.protocol.typing == "label" or (by_length and self._longest_me is not None)
        self.types = self.protocol.types if split else ()
        self._subjects = _subject_codes(subjects, self.protocol, len(self.videos))
        self.truth = self._scored(read_intervals(truth, self._index, bool(self.types), "truth"))
        self._events = self._per_cell(self.truth.video, self.truth.type)
        self._truth_index = TruthIndex(self.truth, self._group(self.truth), self.protocol.overlap)

    def read(self, predictions: Mapping[str, Any] | Any) -> Intervals:
        """Read a table of predictions; rows of types that the protocol leaves out are dropped.

        Raises:
            MespotError: a prediction in a video outside the list, an unknown type, a reversed row.
        """
        # by length, the types that a file gives are not looked at
        labelled = self.protocol.typing == "label"
        return self._scored(read_intervals(predictions, self._index, labelled, "predictions"))

    def candidates(self, predictions: Intervals) -> Pairs:
        """Find all pairs of event and prediction that overlap enough."""
        group = self._group(predictions)
        return self._truth_index.pairs(predictions, group, self._min_iou, self.protocol.strict)

    def credited(self, predictions: Intervals) -> Pairs:
        """Find the pairs that the protocol's matching credits, one TP each."""
        pairs = self.candidates(predictions)
        return pairs.take(MATCHINGS[self.protocol.matching](pairs))

    def kind(self, intervals: Intervals) -> np.ndarray:
        """Return the type under which each interval counts as predicted or hit.

        Returns:
            (n,) index into ``types``; 0 where types are ignored.
        """
        if self.protocol.typing == "length" and self._longest_me is not None:
            longest = self._longest_me[intervals.video]
            return (intervals.offset - intervals.onset > longest).astype(np.int64)
        return intervals.type

    def counted(self, made: np.ndarray) -> np.ndarray:
        """Tell which videos count for which type.

        Args:
            made: (V, T) number of predictions.

        Returns:
            (V, T) bool.
        """
        if self.protocol.videos == "all":
            return np.ones(made.shape, dtype=bool)
        holds = self._events > 0
        if self.protocol.videos == "of_class":
            return holds
        seen = np.bincount(self._subjects, weights=made.sum(axis=1)) > 0
        return holds & seen[self._subjects][:, None]

    def score(self, predictions: Mapping[str, Any] | Any) -> Counts:
        """Count TP, FP and FN of a set of predictions.

        Raises:
            MespotError: see ``read``.
        """
        rows = self.read(predictions)
        event = self.truth.take(self.credited(rows).truth)
        found = self._per_cell(event.video, self.kind(event))
        made = self._per_cell(rows.video, self.kind(rows))
        counted = self.counted(made)
        if self.protocol.dummy:
            made = np.maximum(made, 1)
        table = np.stack([found, made - found, self._events - found], axis=2)  # (V, T, 3)
        table[~counted] = 0
        return Counts(self.videos, self.types, table, counted.any(axis=1))

    def _scored(self, rows: Intervals) -> Intervals:
        if self.protocol.typing != "label" or self.protocol.types == TYPES:
            return rows
        (kept,) = (TYPES.index(name) for name in self.protocol.types)
        rows = rows.take(np.flatnonzero(rows.type == kept))
        return Intervals(rows.video, rows.onset, rows.offset, np.zeros_like(rows.type), rows.score)

    def _group(self, rows: Intervals) -> np.ndarray:
        if self.protocol.typing != "label":
            return rows.video
        return rows.video * len(self.types) + rows.type

    def _per_cell(self, video: np.ndarray, kind: np.ndarray) -> np.ndarray:
        width = max(1, len(self.types))
        cells = np.bincount(video * width + kind, minlength=len(self.videos) * width)
        return cells.reshape(len(self.videos), width)  # (V, T)


def count(
    truth: Mapping[str, Any] | Any,
    predictions: Mapping[str, Any] | Any,
    videos: Sequence[str],
    min_iou: float = 0.5,
    typed: bool = True,
    strict: bool = False,
    protocol: str | Protocol = "megc",
    fps: float | Sequence[float] | np.ndarray | None = None,
    subjects: Sequence[str] | None = None,
) -> Counts:
    """Count TP, FP and FN once; for many sets of predictions see ``F1Scorer``.

    Args:
        truth: table of events, see the package docstring.
        predictions: table of predicted intervals.
        videos: the full list of videos, also those without events.
        min_iou: smallest IoU of a hit, in (0, 1].
        typed: False ignores types, whatever the protocol says.
        strict: ask for an IoU above ``min_iou``, whatever the protocol says.
        protocol: name from ``mespot.metric.protocol`` or the protocol itself.
        fps: frames per second, one figure or one per video, see ``F1Scorer``.
        subjects: (V,) subject of each video, see ``F1Scorer``.

    Raises:
        MespotError: see ``F1Scorer`` and ``F1Scorer.read``.
    """
    scorer = F1Scorer(truth, videos, min_iou, typed, strict, protocol, fps, subjects)
    return scorer.score(predictions)


def _longest_me(fps: float | Sequence[float] | np.ndarray, videos: int) -> np.ndarray:
    rates = np.broadcast_to(np.asarray(fps, dtype=np.float64), (videos,))
    if not (np.isfinite(rates) & (rates > 0)).all():
        raise MespotError(f"fps: found {rates.min():g}, expected more than 0")
    return rates * ME_SECONDS


def _subject_codes(
    subjects: Sequence[str] | None, protocol: Protocol, videos: int
) -> np.ndarray | None:
    if protocol.videos != "spotted":
        return None
    if subjects is None or len(subjects) != videos:
        raise MespotError(f"protocol {protocol.name}: expected the subject of each video")
    return np.unique(np.asarray(subjects, dtype=str), return_inverse=True)[1]
