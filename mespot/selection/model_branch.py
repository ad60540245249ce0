"""Intervals of the model branch: one setting of granularity, slice length and decoding."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from mespot.events import TYPES, empty_intervals
from mespot.params.grid import TypeGrid
from mespot.slices.aggregate import frame_scores, smooth_scores
from mespot.slices.decode import decode


@dataclass(frozen=True)
class ModelSetting:
    """One point of the grid for one expression type.

    Attributes:
        granularity: time span that the classifier was trained on, seconds.
        length: length of the slices that it scored, seconds.
        smooth: sigma of the smoothing of frame scores, seconds.
        threshold: frame score from which on a frame belongs to an interval.
        merge_gap: shorter gaps between intervals are closed, seconds.
    """

    granularity: float
    length: float
    smooth: float
    threshold: float
    merge_gap: float

    def as_dict(self) -> dict[str, float]:
        """Plain mapping, for tables and JSON."""
        return asdict(self)


@dataclass(frozen=True)
class SliceScores:
    """Scores of the slices of one length of one video.

    Attributes:
        length: seconds.
        start: (n,) start of each slice, seconds.
        scores: (n, G, 2) probability of [me, mae] per granularity.
    """

    length: float
    start: np.ndarray
    scores: np.ndarray


def time_scores(
    slices: SliceScores, granularity: int, kind: str, duration: float, rate: float
) -> np.ndarray:
    """Score over time of one granularity and type, before smoothing.

    Args:
        slices: scores of one video and length.
        granularity: index among the granularities.
        kind: ``me`` or ``mae``.
        duration: length of the video, seconds.
        rate: moments per second.

    Returns:
        (T,) scores at ``i / rate`` seconds.
    """
    count = max(int(np.ceil(duration * rate)), 1)
    column = slices.scores[:, granularity, TYPES.index(kind)][:, None]
    return frame_scores(slices.start, column, slices.length, rate, count)[:, 0]


def model_intervals(
    video: str,
    fps: float,
    frames: int,
    scores: np.ndarray,
    rate: float,
    kind: str,
    setting: ModelSetting,
    grid: TypeGrid,
) -> pd.DataFrame:
    """Decode a score over time into a table of intervals in source frames.

    Args:
        video: id.
        fps: source frames per second.
        frames: number of source frames.
        scores: (T,) smoothed score over time.
        rate: moments per second.
        kind: expression type of the intervals.
        setting: supplies the threshold and the gap that is closed.
        grid: supplies length limits.

    Returns:
        columns of ``mespot.events.INTERVAL_COLUMNS``.
    """
    spans, peak = decode(
        scores, rate, setting.threshold, grid.min_length, grid.max_length, setting.merge_gap
    )
    if not len(spans):
        return empty_intervals()
    onset = np.clip(np.round(spans[:, 0] * fps), 0, frames - 1).astype(np.int64)
    offset = np.clip(np.round(spans[:, 1] * fps), onset, frames - 1).astype(np.int64)
    return pd.DataFrame(
        {"video": video, "onset": onset, "offset": offset, "type": kind, "score": peak}
    )


def smoothed(scores: np.ndarray, setting: ModelSetting, rate: float) -> np.ndarray:
    """Smooth a score over time as the setting says."""
    return smooth_scores(scores, setting.smooth, rate)
