"""TP, FP and FN of every setting of a search space, all videos and many settings at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.metric import F1Scorer, count_sets
from mespot.metric.intervals import Intervals
from mespot.search.concatenated import ConcatenatedTimeline
from mespot.search.model_branch import SliceScores, proposals, time_scores
from mespot.search.setting import CurveSetting
from mespot.search.space import SearchGrid
from mespot.slices.aggregate import smooth_scores
from mespot.slices.decode import fitting, gap_moments, hysteresis, merge_runs, stretched
from mespot.slices.proposals import suppressed_scores

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Settings (n,), videos (n,) and spans (n, 2) of intervals."""


class Sweep:
    """Counts the hits of all settings of one expression type.

    Args:
        videos: columns video, subject, fps, frames.
        scorer: holds the truth; its videos are those of ``videos``, in order.
        slices: length -> video -> slice scores.
        granularities: seconds, in the order of the score columns.
        kind: ``me`` or ``mae``.
        rate: moments per second of scores over time.

    Attributes:
        subjects: (S,) names, sorted.
    """

    def __init__(
        self,
        videos: pd.DataFrame,
        scorer: F1Scorer,
        slices: Mapping[float, Mapping[str, SliceScores]],
        granularities: Sequence[float],
        kind: str,
        rate: float,
    ):
        self._videos = list(
            zip(videos["video"], videos["fps"], videos["frames"].astype(int), strict=True)
        )
        self._timeline = ConcatenatedTimeline(videos["fps"], videos["frames"], rate)
        self._scorer, self._slices, self._kind, self._rate = scorer, slices, kind, rate
        self._granularities = list(granularities)
        self.subjects, self._subject = np.unique(
            videos["subject"].to_numpy(dtype=str), return_inverse=True
        )

    def counts(self, search_grid: SearchGrid) -> Iterator[np.ndarray]:
        """Yield the (n, S, 3) TP, FP and FN per subject of successive settings of a grid."""
        blocks = (
            self._curves(search_grid)
            if search_grid.decoder is CurveSetting
            else self._proposals(search_grid)
        )
        for size, parts in blocks:
            number, video, span = (np.concatenate(part) for part in zip(*parts, strict=True))
            rows = Intervals(
                video,
                span[:, 0].astype(np.float64),
                span[:, 1].astype(np.float64),
                np.full(len(video), TYPES.index(self._kind)),
                np.ones(len(video)),
            )
            table = count_sets(self._scorer, rows, number, size)[:, :, TYPES.index(self._kind)]
            pooled = np.zeros((size, len(self.subjects), 3), dtype=np.int32)
            np.add.at(pooled, (slice(None), self._subject), table)
            yield pooled

    def _curves(self, search_grid: SearchGrid) -> Iterator[tuple[int, list[Found]]]:
        axes = search_grid.axes
        outer = ("granularity", "length", "step", "aggregate")
        for granularity, length, step, aggregate in product(*(axes[name] for name in outer)):
            raw = [
                time_scores(
                    self._slices[length][video].at_step(step),
                    self._granularities.index(granularity),
                    self._kind,
                    frames / fps,
                    self._rate,
                    aggregate,
                )
                for video, fps, frames in self._videos
            ]
            for sigma in axes["smooth"]:
                curves = [smooth_scores(curve, sigma, self._rate) for curve in raw]
                for scale in axes["scale"]:
                    scaled = map(stretched, curves) if scale == "relative" else curves
                    yield self._decoded(self._timeline.concatenate(list(scaled)), axes)

    def _decoded(self, curve: np.ndarray, axes: Mapping) -> tuple[int, list[Found]]:
        """Decode one strip by all thresholds, gaps and length limits."""
        parts, number = [], 0
        for threshold, low in product(axes["threshold"], axes["low"]):
            runs = hysteresis(curve, threshold, low * threshold)
            video = self._timeline.video(runs)
            for gap in axes["merge_gap"]:
                joined = merge_runs(runs, gap_moments(gap, self._rate), video)
                home = self._timeline.video(joined)
                span = self._timeline.spans(joined, home)
                for shortest, longest in product(axes["min_length"], axes["max_length"]):
                    kept = fitting(joined, self._rate, shortest, longest)
                    parts.append((np.full(kept.sum(), number), home[kept], span[kept]))
                    number += 1
        return number, parts

    def _proposals(self, search_grid: SearchGrid) -> Iterator[tuple[int, list[Found]]]:
        axes = search_grid.axes
        least = min(axes["threshold"])
        outer = ("granularity", "lengths", "step", "suppression", "max_iou")
        for granularity, lengths, step, way, limit in product(*(axes[name] for name in outer)):
            found = []
            for row, (video, fps, frames) in enumerate(self._videos):
                taken = [self._slices[length][video].at_step(step) for length in lengths]
                column = self._granularities.index(granularity)
                span, score = proposals(taken, column, self._kind, fps, frames)
                left = suppressed_scores(span, score, least, limit, way == "soft")
                found.append((np.full(len(span), row), span, left))
            home, span, left = (np.concatenate(part) for part in zip(*found, strict=True))
            parts = [
                (np.full((left >= threshold).sum(), number), home[left >= threshold],
                 span[left >= threshold])
                for number, threshold in enumerate(axes["threshold"])
            ]  # fmt: skip
            yield len(parts), parts
