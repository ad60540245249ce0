"""Regression trees that were fitted elsewhere, as plain arrays: added up without their library."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import numpy as np

from mespot.errors import MespotError
from mespot.files import read_npz, write_npz

_BLOCK = 8192  # rows worked on at a time


@dataclass(frozen=True)
class Forest:
    """T trees with M nodes each at the most; a node without children is a leaf.

    Attributes:
        feature: (T, M) int16 column that a node looks at.
        border: (T, M) float32 rows at or below it go left, the others right.
        left: (T, M) int16 the left child; -1 for a leaf. The right one is the next.
        value: (T, M) float32 what a leaf adds.
        names: names of the columns.
        rise: (2,) slope and shift of the logistic curve that makes scores of sums.
    """

    feature: np.ndarray
    border: np.ndarray
    left: np.ndarray
    value: np.ndarray
    names: tuple[str, ...]
    rise: np.ndarray

    def total(self, rows: np.ndarray) -> np.ndarray:
        """Add up all trees: float32 (n, F) -> float64 (n,)."""
        total = np.zeros(len(rows))
        deepest = self._depth()
        for begin in range(0, len(rows), _BLOCK):
            block = np.ascontiguousarray(rows[begin : begin + _BLOCK])
            index = np.arange(len(block))
            own = total[begin : begin + _BLOCK]
            trees = zip(self.feature, self.border, self.left, self.value, strict=True)
            for feature, border, left, value in trees:
                node = np.zeros(len(block), dtype=np.int64)
                for _ in range(deepest):
                    child = left[node]
                    right = block[index, feature[node]] > border[node]
                    node = np.where(child < 0, node, child + right)
                own += value[node]
        return total

    def score(self, rows: np.ndarray) -> np.ndarray:
        """Scores in [0, 1], 0.5 at the operating point: float32 (n, F) -> (n,)."""
        slope, shift = self.rise
        return 1.0 / (1.0 + np.exp(-slope * (self.total(rows) - shift)))

    def _depth(self) -> int:
        depth = np.zeros(self.left.shape, dtype=np.int64)
        for node in range(self.left.shape[1]):  # children come after their parents
            inner = np.flatnonzero(self.left[:, node] > 0)
            child = self.left[inner, node].astype(np.int64)
            depth[inner, child] = depth[inner, child + 1] = depth[inner, node] + 1
        return int(depth.max(initial=0))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an npz of plain arrays, atomically and with the same bytes each time."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        write_npz(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Forest:
        """Read what ``save`` wrote.

        Raises:
            MespotError: naming the file and the first array that is missing.
        """
        arrays = read_npz(path)
        missing = [field.name for field in fields(cls) if field.name not in arrays]
        if missing:
            raise MespotError(f"{path}: no array {missing[0]!r}, expected a forest")
        content = {field.name: arrays[field.name] for field in fields(cls)}
        content["names"] = tuple(str(name) for name in content["names"])
        return cls(**content)
