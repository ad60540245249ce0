"""Regression trees that were fitted elsewhere, as plain arrays: added up without their library."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import read_npz, write_npz

_BLOCK = 8192  # rows worked on at a time
_HOPELESS = 1.9  # below the operating point, in units of the logistic curve: scores below 0.13


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
        fits: how many fits with other seeds the trees are of, one after the other, as many each.
    """

    feature: np.ndarray
    border: np.ndarray
    left: np.ndarray
    value: np.ndarray
    names: tuple[str, ...]
    rise: np.ndarray
    fits: int = 1

    def total(self, rows: np.ndarray, hopeless: float = -np.inf) -> np.ndarray:
        """Add up all trees: float32 (n, F) -> float64 (n,).

        Args:
            rows: what is asked.
            hopeless: rows that the first fit alone puts below this are not asked of the others:
                their sum is the first fit's, times the number of fits.
        """
        trees = len(self.left)
        first = trees // self.fits
        total = self.fits * self._sum(rows, range(first))
        going = np.flatnonzero(total >= hopeless)
        if first < trees and len(going):
            rest = self._sum(rows[going], range(first, trees))
            total[going] = total[going] / self.fits + rest
        return total

    def _sum(self, rows: np.ndarray, trees: range) -> np.ndarray:
        total = np.zeros(len(rows))
        feature, border, left, depth = self._walk
        for begin in range(0, len(rows), _BLOCK):
            block = np.ascontiguousarray(rows[begin : begin + _BLOCK], dtype=np.float32)
            values, place = block.ravel(), np.arange(len(block)) * block.shape[1]
            own = total[begin : begin + _BLOCK]
            for tree in trees:
                of, at, child = feature[tree], border[tree], left[tree]
                node = child[0] + (values[place + of[0]] > at[0])
                for _ in range(depth[tree] - 1):
                    node = child[node] + (values[place + of[node]] > at[node])
                own += self.value[tree][node]
        return total

    @cached_property
    def _walk(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
        """Features, borders, left children and depths; at a leaf a walk stays where it is."""
        leaf = self.left < 0
        stay = np.broadcast_to(np.arange(self.left.shape[1]), self.left.shape)
        return (
            np.where(leaf, 0, self.feature).astype(np.int64),
            np.where(leaf, np.inf, self.border).astype(np.float32),
            np.where(leaf, stay, self.left).astype(np.int64),
            self._depth().tolist(),
        )

    def score(self, rows: np.ndarray) -> np.ndarray:
        """Scores in [0, 1], 0.5 at the operating point: float32 (n, F) -> (n,)."""
        slope, shift = self.rise
        total = self.total(rows, shift - _HOPELESS / slope)
        return 1.0 / (1.0 + np.exp(-slope * (total - shift)))

    def _depth(self) -> np.ndarray:
        """(T,) steps from the root to the lowest leaf; at least one."""
        depth = np.zeros(self.left.shape, dtype=np.int64)
        for node in range(self.left.shape[1]):  # children come after their parents
            inner = np.flatnonzero(self.left[:, node] > 0)
            child = self.left[inner, node].astype(np.int64)
            depth[inner, child] = depth[inner, child + 1] = depth[inner, node] + 1
        return np.maximum(depth.max(axis=1, initial=0), 1)

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
        content["fits"] = int(arrays["fits"])
        return cls(**content)
