"""Grid search over granularity, slice length and decoding, judged on other subjects.

For the subjects of a fold the setting is chosen on the subjects of the other folds, whose slice
scores are out-of-fold themselves. What is reported for a subject was thus chosen without its
events. (The classifiers that scored the other folds did see this fold's subjects in training, as
in any single-level cross-validation; only a doubly nested training would change that.) The best
setting on all subjects, scored on those same subjects, is kept apart as ``oracle``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from mespot.events import TYPES, empty_intervals
from mespot.metric import F1Scorer, f1_score
from mespot.params.grid import GridParams, TypeGrid
from mespot.progress import track
from mespot.selection.model_branch import (
    ModelSetting,
    SliceScores,
    model_intervals,
    smoothed,
    time_scores,
)


@dataclass(frozen=True)
class GridResult:
    """Outcome of the search of one data set.

    Attributes:
        table: one row per type and setting, with TP, FP, FN and F1 over all subjects and the F1 on
            the subjects outside each fold (``f1_without_<k>``).
        chosen: type -> fold number as text, or ``all`` -> the chosen setting.
        intervals: out-of-fold intervals of the model branch.
        oracle: type -> F1 of the best setting on the subjects that it is scored on.
    """

    table: pd.DataFrame
    chosen: dict[str, dict[str, ModelSetting]]
    intervals: pd.DataFrame
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
        events: the truth, ``mespot.events.EVENT_COLUMNS``.
        slices: length -> video -> out-of-fold slice scores.
        granularities: seconds, in the order of the score columns.
        folds: subject -> fold.
        grid: the search space.
        min_iou: IoU of a hit.
    """
    fold = videos["subject"].map(dict(folds)).to_numpy()
    scorer = F1Scorer(events, videos["video"].tolist(), min_iou=min_iou)
    rows, chosen, parts, oracle = [], {}, [], {}
    for kind in TYPES:
        space: TypeGrid = getattr(grid, kind)
        settings = [
            ModelSetting(*values)
            for values in product(
                granularities, space.lengths, space.smooth, space.thresholds, space.merge_gap
            )
        ]
        cache = _ScoreCache(videos, slices, granularities, kind, grid.rate)
        counts = np.zeros((len(settings), len(videos), 3), dtype=np.int64)
        for index, setting in enumerate(track(settings, f"grid {kind}")):
            table = cache.intervals(setting, space)
            counts[index] = scorer.score(table).by_video(kind)
        pooled = f1_score(counts.sum(axis=1))
        without = {k: f1_score(counts[:, fold != k].sum(axis=1)) for k in sorted(set(fold))}
        chosen[kind] = {str(k): settings[int(np.argmax(f1))] for k, f1 in without.items()}
        chosen[kind]["all"] = settings[int(np.argmax(pooled))]
        oracle[kind] = float(pooled.max())
        for index, setting in enumerate(settings):
            tp, fp, fn = counts[index].sum(axis=0)
            row = {"type": kind, **setting.as_dict(), "tp": tp, "fp": fp, "fn": fn}
            row["f1"] = pooled[index]
            rows.append(row | {f"f1_without_{k}": f1[index] for k, f1 in without.items()})
        for k in without:
            table = cache.intervals(chosen[kind][str(k)], space)
            parts.append(table[table["video"].isin(videos["video"][fold == k])])
    intervals = pd.concat(parts, ignore_index=True) if parts else empty_intervals()
    intervals = intervals.sort_values(["video", "onset", "offset", "type"], ignore_index=True)
    return GridResult(pd.DataFrame(rows), chosen, intervals, oracle)


class _ScoreCache:
    """Scores over time of all videos, computed once per granularity, length and smoothing."""

    def __init__(self, videos, slices, granularities, kind: str, rate: float):
        self._videos = list(
            zip(videos["video"], videos["fps"], videos["frames"].astype(int), strict=True)
        )
        self._slices, self._kind, self._rate = slices, kind, rate
        self._granularities = list(granularities)
        self._kept: dict[tuple, dict[str, np.ndarray]] = {}

    def scores(self, setting: ModelSetting) -> dict[str, np.ndarray]:
        key = (setting.granularity, setting.length, setting.smooth)
        if key not in self._kept:
            column = self._granularities.index(setting.granularity)
            self._kept[key] = {
                video: smoothed(
                    time_scores(
                        self._slices[setting.length][video],
                        column,
                        self._kind,
                        frames / fps,
                        self._rate,
                    ),
                    setting,
                    self._rate,
                )
                for video, fps, frames in self._videos
            }
        return self._kept[key]

    def intervals(self, setting: ModelSetting, space: TypeGrid) -> pd.DataFrame:
        scores = self.scores(setting)
        parts = [
            model_intervals(
                video, fps, frames, scores[video], self._rate, self._kind, setting, space
            )
            for video, fps, frames in self._videos
        ]
        return pd.concat([empty_intervals(), *parts], ignore_index=True)
