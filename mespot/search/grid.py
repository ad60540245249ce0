"""Grid search over granularity, slice length and decoding, judged on other subjects.

For the subjects of a fold the setting is chosen on the subjects of the other folds, whose slice
scores are out-of-fold themselves. What is reported for a subject was thus chosen without its
events. (The classifiers that scored the other folds did see this fold's subjects in training, as
in any single-level cross-validation; only a doubly nested training would change that.) The best
setting on all subjects, scored on those same subjects, is kept apart as ``oracle``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.core.progress import progress
from mespot.metric import F1Scorer, f1_score
from mespot.params.grid import GridParams
from mespot.search.model_branch import SliceScores, intervals_of, stored_step
from mespot.search.setting import CurveSetting, ModelSetting
from mespot.search.space import SearchGrid, pooled_with_neighbours, search_grids
from mespot.search.sweep import Sweep


@dataclass(frozen=True)
class GridResult:
    """Outcome of the search of one data set.

    Attributes:
        table: one row per type and setting, with TP, FP, FN and F1 over all subjects and the
            figure that the choice for each fold went by (``f1_without_<k>``).
        heatmap: type, granularity, length and the nested F1 of the cell: for each fold the best
            decoding of the cell on the other folds.
        chosen: type -> fold number as text, or ``all`` -> the chosen setting.
        margins: type -> fold number as text, or ``all`` -> figure of the chosen setting, best
            setting of another decoder, granularity or slice length, and the margin over it.
        intervals: out-of-fold intervals of the model branch.
        nested: type -> F1 of ``intervals``.
        oracle: type -> F1 of the best setting on the subjects that it is scored on.
    """

    table: pd.DataFrame
    heatmap: pd.DataFrame
    chosen: dict[str, dict[str, ModelSetting]]
    margins: dict[str, dict[str, dict[str, Any]]]
    intervals: pd.DataFrame
    nested: dict[str, float]
    oracle: dict[str, float]


def search(
    videos: pd.DataFrame,
    events: pd.DataFrame,
    slices: Mapping[float, Mapping[str, SliceScores]],
    granularities: Sequence[float],
    folds: Mapping[str, int],
    grid: GridParams,
    min_iou: float,
) -> GridResult:
    """Search the grid of a data set.

    Args:
        videos: columns video, subject, fps, frames.
        events: the truth, ``mespot.core.events.EVENT_COLUMNS``.
        slices: length -> video -> out-of-fold slice scores.
        granularities: seconds, in the order of the score columns.
        folds: subject -> fold.
        grid: the search space.
        min_iou: IoU of a hit.
    """
    tables, cells, intervals = [], [], []
    chosen, margins, nested, oracle = {}, {}, {}, {}
    for kind in TYPES:
        searched = _search_type(videos, events, slices, granularities, folds, grid, min_iou, kind)
        best = {name: int(np.argmax(figure)) for name, figure in searched.figures.items()}
        chosen[kind] = {name: searched.setting(index) for name, index in best.items()}
        margins[kind] = {name: searched.margin(name, index) for name, index in best.items()}
        tables.append(searched.table(kind))
        cells.append(searched.heatmap(kind))
        nested[kind] = searched.nested(np.arange(len(searched)))
        oracle[kind] = float(f1_score(searched.counts.sum(axis=1)).max())
        settings = [chosen[kind][str(folds[subject])] for subject in videos["subject"]]
        intervals.append(intervals_of(videos, slices, granularities, kind, settings, grid.rate))
    return GridResult(
        table=pd.concat(tables, ignore_index=True),
        heatmap=pd.concat(cells, ignore_index=True),
        chosen=chosen,
        margins=margins,
        intervals=pd.concat(intervals, ignore_index=True).sort_values(
            ["video", "onset", "offset", "type"], ignore_index=True
        ),
        nested=nested,
        oracle=oracle,
    )


def _search_type(
    videos, events, slices, granularities, folds, grid, min_iou, kind: str
) -> _Searched:
    space = search_grids(granularities, getattr(grid, kind), stored_step(slices))
    scorer = F1Scorer(events, videos["video"].tolist(), min_iou=min_iou)
    sweep = Sweep(videos, scorer, slices, granularities, kind, grid.rate)
    counts = np.concatenate(list(_progressing(space, sweep, f"settings of {kind}")))
    return _Searched(space, counts, np.array([folds[name] for name in sweep.subjects]))


def _progressing(space: Sequence[SearchGrid], sweep: Sweep, label: str) -> Iterator[np.ndarray]:
    with progress() as display:
        task = display.add_task(label, total=sum(map(len, space)))
        for search_grid in space:
            for block in sweep.counts(search_grid):
                yield block
                display.advance(task, len(block))


class _Searched:
    """All settings of one type with their counts.

    Attributes:
        counts: (C, S, 3) TP, FP and FN of each setting and subject.
        figures: fold number as text, or ``all`` -> (C,) figure that the choice goes by: F1
            pooled with neighbours on the subjects outside the fold.
    """

    def __init__(self, space: Sequence[SearchGrid], counts: np.ndarray, fold: np.ndarray):
        self._space, self.counts, self._fold = space, counts, fold
        self._folds = sorted(set(fold.tolist()))
        self.figures = {str(k): self._figure(fold != k) for k in self._folds}
        self.figures["all"] = self._figure(np.ones(len(fold), dtype=bool))

    def __len__(self) -> int:
        return len(self.counts)

    def _figure(self, among: np.ndarray) -> np.ndarray:
        pooled = self.counts[:, among].sum(axis=1)  # (C, 3)
        borders = np.cumsum([len(search_grid) for search_grid in self._space])[:-1]
        parts = zip(self._space, np.split(pooled, borders), strict=True)
        figure = f1_score(
            np.concatenate(
                [pooled_with_neighbours(part, search_grid) for search_grid, part in parts]
            )
        )
        return np.round(figure, 9)  # equal ones stay equal: the first, simpler one is taken

    def setting(self, index: int) -> ModelSetting:
        """The setting in a row of ``counts``."""
        for search_grid in self._space:
            if index < len(search_grid):
                return search_grid.setting(index)
            index -= len(search_grid)
        raise IndexError(index)

    def nested(self, rows: np.ndarray) -> float:
        """F1 when for each fold the best of some settings on the other folds answers."""
        total = np.zeros(3)
        for k in self._folds:
            best = rows[int(np.argmax(self.figures[str(k)][rows]))]
            total += self.counts[best, self._fold == k].sum(axis=0)
        return float(f1_score(total))

    def cells(self) -> np.ndarray:
        """(C,) number of the cell of each setting: decoder, granularity, slice length."""
        parts, first = [], 0
        for search_grid in self._space:
            granularity, length = search_grid.shape[:2]
            inner = len(search_grid) // (granularity * length)
            parts.append(first + np.repeat(np.arange(granularity * length), inner))
            first += granularity * length
        return np.concatenate(parts)

    def margin(self, name: str, best: int) -> dict[str, Any]:
        """Lead of a choice over the best setting of another cell."""
        figure, cells = self.figures[name], self.cells()
        others = np.flatnonzero(cells != cells[best])
        if not others.size:
            return {"f1": figure[best]}
        second = int(others[np.argmax(figure[others])])
        return {
            "f1": figure[best],
            "runner_up": self.setting(second).as_dict(),
            "runner_up_f1": figure[second],
            "margin": figure[best] - figure[second],
        }

    def heatmap(self, kind: str) -> pd.DataFrame:
        """Nested F1 of every granularity and slice length, by score curves."""
        (search_grid,) = [
            search_grid for search_grid in self._space if search_grid.decoder is CurveSetting
        ]
        cells = self.cells()
        rows = []
        for number in range(search_grid.shape[0] * search_grid.shape[1]):
            inside = np.flatnonzero(cells == number)
            setting = self.setting(int(inside[0]))
            rows.append((kind, setting.granularity, setting.length, self.nested(inside)))
        return pd.DataFrame(rows, columns=["type", "granularity", "length", "f1"])

    def table(self, kind: str) -> pd.DataFrame:
        """One row per setting."""
        fields = ["granularity", "length", "lengths", "step", "aggregate", "smooth", "scale",
                  "suppression", "max_iou", "threshold", "low", "merge_gap", "min_length",
                  "max_length"]  # fmt: skip
        parts = []
        for search_grid in self._space:
            part = {"type": kind, "decoder": search_grid.decoder.decoder}
            for name in fields:
                part[name] = search_grid.column(name) if name in search_grid.axes else None
            parts.append(pd.DataFrame(part, index=range(len(search_grid))))
        table = pd.concat(parts, ignore_index=True)
        several = table["lengths"].notna()
        table.loc[several, "lengths"] = [
            " ".join(f"{one:g}" for one in value) for value in table.loc[several, "lengths"]
        ]
        pooled = self.counts.sum(axis=1)
        table["tp"], table["fp"], table["fn"] = pooled.T
        table["f1"] = f1_score(pooled)
        for k in self._folds:
            table[f"f1_without_{k}"] = self.figures[str(k)]
        return table
