"""TP, FP and FN, pooled over a full list of videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mespot.core.errors import MespotError

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
    """Pooled counts of one type or of all; tallies of several data sets add up.

    ``tp + fp`` is the number of predictions and ``tp + fn`` that of events; where a protocol
    lets one of them count several times, ``fp`` or ``fn`` is below 0, as in its source.
    """

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
        types: the types of the columns, or empty in type-blind mode.
        table: (V, T, 3) TP, FP, FN; T is 1 in type-blind mode.
        counted: (V,) videos that the protocol counts for any type; None: all.
    """

    videos: tuple[str, ...]
    types: tuple[str, ...]
    table: np.ndarray
    counted: np.ndarray | None = None

    def tally(self, name: str = OVERALL) -> Tally:
        """Pool the counts of one type, or of all with ``overall``."""
        if name == OVERALL:
            return Tally(*map(int, self.table.sum(axis=(0, 1))))
        return Tally(*map(int, self.table[:, self.types.index(name)].sum(axis=0)))

    def tallies(self) -> dict[str, Tally]:
        """Return the tally of each type and of ``overall``."""
        return {name: self.tally(name) for name in (*self.types, OVERALL)}

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
