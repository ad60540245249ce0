"""TP, FP and FN, pooled over a full list of videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mespot.errors import MespotError
from mespot.events import TYPES
from mespot.metric.intervals import Intervals, index_videos, read_intervals
from mespot.metric.match import Pairs, TruthIndex
from mespot.metric.protocol import find_protocol

OVERALL = "overall"


def f1_score(counts: np.ndarray) -> np.ndarray:
    """F1 of counts, 0 where there is neither an event nor a prediction.

    Args:
        counts: (..., 3) TP, FP, FN.

    Returns:
        (...) F1 = 2 TP / (2 TP + FP + FN).
    """
    counts = np.asarray(counts, dtype=np.float64)
    doubled = 2.0 * counts[..., 0]
    total = doubled + counts[..., 1] + counts[..., 2]
    return np.divide(doubled, total, out=np.zeros_like(total), where=total > 0)


@dataclass(frozen=True)
class Tally:
    """Pooled counts of one type or of all; tallies of several data sets add up."""

    tp: int
    fp: int
    fn: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """TP over predictions, 0 without predictions."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """TP over events, 0 without events."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 where undefined."""
        return float(f1_score(np.array([self.tp, self.fp, self.fn])))

    def as_dict(self) -> dict[str, float]:
        """Return tp, fp, fn, precision, recall and f1."""
        return {
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


@dataclass(frozen=True)
class Counts:
    """Counts per video and type.

    Attributes:
        videos: (V,) names of the full list of videos.
        types: ``("me", "mae")``, or empty in type-blind mode.
        table: (V, T, 3) TP, FP, FN; T is 1 in type-blind mode.
    """

    videos: tuple[str, ...]
    types: tuple[str, ...]
    table: np.ndarray

    def tally(self, name: str = OVERALL) -> Tally:
        """Pool the counts of one type, or of all with ``overall``."""
        if name == OVERALL:
            return Tally(*map(int, self.table.sum(axis=(0, 1))))
        return Tally(*map(int, self.table[:, self.types.index(name)].sum(axis=0)))

    def tallies(self) -> dict[str, Tally]:
        """Return the tally of each type and of ``overall``."""
        return {name: self.tally(name) for name in (*self.types, OVERALL)}

    def by_video(self, name: str = OVERALL) -> np.ndarray:
        """Return the (V, 3) TP, FP, FN of one type or overall."""
        if name == OVERALL:
            return self.table.sum(axis=1)
        return self.table[:, self.types.index(name)]

    def by_subject(self, subjects: Sequence[str]) -> tuple[list[str], dict[str, np.ndarray]]:
        """Pool the videos of each subject.

        Args:
            subjects: (V,) subject of each video.

        Returns:
            the sorted subjects, and for each type and ``overall`` an (S, 3) table TP, FP, FN.

        Raises:
            MespotError: not one subject per video.
        """
        if len(subjects) != len(self.videos):
            raise MespotError(
                f"subjects: found {len(subjects)}, expected one for each of "
                f"{len(self.videos)} videos"
            )
        names, codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
        pooled = np.zeros((names.size, *self.table.shape[1:]), dtype=np.int64)
        np.add.at(pooled, codes, self.table)
        tables = {name: pooled[:, position] for position, name in enumerate(self.types)}
        return names.tolist(), {**tables, OVERALL: pooled.sum(axis=1)}


class F1Scorer:
    """Scores many sets of predictions against one truth.

    The truth is read and sorted once; a call costs well under a millisecond for some hundred
    predictions.
    """

    def __init__(
        self,
        truth: Mapping[str, Any] | Any,
        videos: Sequence[str],
        min_iou: float = 0.5,
        typed: bool = True,
        strict: bool = False,
        protocol: str = "megc",
    ):
        """Prepare the truth.

        Args:
            truth: table of events, see the package docstring.
            videos: the full list of videos, also those without events.
            min_iou: smallest IoU of a hit.
            typed: only intervals of the same type match.
            strict: ask for an IoU above ``min_iou``.
            protocol: name from ``mespot.metric.protocol``.

        Raises:
            MespotError: an event in a video outside the list, an unknown type, a reversed event.
        """
        self._index = index_videos(videos)
        self._typed = typed
        self._min_iou = min_iou
        self._strict = strict
        self._credit = find_protocol(protocol)
        self.videos = tuple(self._index)
        self.types = TYPES if typed else ()
        self._width = max(1, len(self.types))
        self.truth = read_intervals(truth, self._index, typed, "truth")
        self._truth_group = self.group(self.truth)
        self._events = np.bincount(self._truth_group, minlength=self._groups)
        self._truth_index = TruthIndex(self.truth, self._truth_group, self._groups)

    @property
    def _groups(self) -> int:
        return len(self.videos) * self._width

    def read(self, predictions: Mapping[str, Any] | Any) -> Intervals:
        """Read a table of predictions.

        Raises:
            MespotError: a prediction in a video outside the list, an unknown type, a reversed row.
        """
        return read_intervals(predictions, self._index, self._typed, "predictions")

    def group(self, intervals: Intervals) -> np.ndarray:
        """Return what may match at all: the number of video and type, or of the video alone."""
        return intervals.video * self._width + intervals.type

    def candidates(self, predictions: Intervals) -> Pairs:
        """Find all pairs of event and prediction that overlap enough."""
        group = self.group(predictions)
        return self._truth_index.pairs(predictions, group, self._min_iou, self._strict)

    def score(self, predictions: Mapping[str, Any] | Any) -> Counts:
        """Count TP, FP and FN of a set of predictions.

        Raises:
            MespotError: see ``read``.
        """
        rows = self.read(predictions)
        hit = self._credit(self.candidates(rows), len(self.truth), len(rows))
        found = np.bincount(self._truth_group[hit], minlength=self._groups)
        made = np.bincount(self.group(rows), minlength=self._groups)
        table = np.stack([found, made - found, self._events - found], axis=1)
        return Counts(
            self.videos,
            self.types,
            table.reshape(len(self.videos), self._width, 3),  # (V, T, 3)
        )


def count(
    truth: Mapping[str, Any] | Any,
    predictions: Mapping[str, Any] | Any,
    videos: Sequence[str],
    min_iou: float = 0.5,
    typed: bool = True,
    strict: bool = False,
    protocol: str = "megc",
) -> Counts:
    """Count TP, FP and FN once; for many sets of predictions see ``F1Scorer``.

    Args:
        truth: table of events, see the package docstring.
        predictions: table of predicted intervals.
        videos: the full list of videos, also those without events.
        min_iou: smallest IoU of a hit.
        typed: only intervals of the same type match.
        strict: ask for an IoU above ``min_iou``.
        protocol: name from ``mespot.metric.protocol``.

    Raises:
        MespotError: a row in a video outside the list, an unknown type, a reversed row.
    """
    return F1Scorer(truth, videos, min_iou, typed, strict, protocol).score(predictions)
