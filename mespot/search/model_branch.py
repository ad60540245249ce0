"""The model branch on one video under a setting: score over time and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mespot.core.events import TYPES, empty_intervals
from mespot.search.setting import CurveSetting, ModelSetting, ProposalSetting
from mespot.slices.aggregate import frame_scores, smooth_scores
from mespot.slices.decode import decode, peaks, stretched
from mespot.slices.proposals import suppressed_scores


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

    def at_step(self, step: float) -> SliceScores:
        """Keep the slices that a coarser step would have cut: its multiples and the last one.

        Args:
            step: distance of slices, fraction of their length; a multiple of the stored one.
        """
        place = np.asarray(self.start) / (step * self.length)
        kept = np.abs(place - np.round(place)) < 1e-6
        kept[-1] = True
        return SliceScores(self.length, self.start[kept], self.scores[kept])


def stored_step(slices: Mapping[float, Mapping[str, SliceScores]]) -> float:
    """Distance of the stored slices as a fraction of their length; 1 when no video has two."""
    for length, videos in slices.items():
        for one in videos.values():
            if len(one.start) > 2:  # the last slice ends with the video, off the step
                return round(float(one.start[1] - one.start[0]) / length, 6)
    return 1.0


def time_scores(
    slices: SliceScores, granularity: int, kind: str, duration: float, rate: float, aggregate: str
) -> np.ndarray:
    """Score over time of one granularity and type, before smoothing.

    Args:
        slices: scores of one video and length.
        granularity: index among the granularities.
        kind: ``me`` or ``mae``.
        duration: length of the video, seconds.
        rate: moments per second.
        aggregate: see ``mespot.slices.aggregate.frame_scores``.

    Returns:
        (T,) scores at ``i / rate`` seconds.
    """
    count = max(int(np.ceil(duration * rate)), 1)
    column = slices.scores[:, granularity, TYPES.index(kind)][:, None]
    return frame_scores(slices.start, column, slices.length, rate, count, aggregate)[:, 0]


def proposals(
    slices: Sequence[SliceScores], granularity: int, kind: str, fps: float, frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """Slices as intervals.

    Args:
        slices: scores of one video, one entry per length.
        granularity: index among the granularities.
        kind: ``me`` or ``mae``.
        fps: source frames per second.
        frames: number of source frames.

    Returns:
        (n, 2) first and last frame of each slice, (n,) scores.
    """
    column = TYPES.index(kind)
    begin = np.concatenate([one.start for one in slices])
    end = np.concatenate([one.start + one.length for one in slices])
    first = np.clip(np.round(begin * fps), 0, frames - 1)
    last = np.clip(np.round(end * fps) - 1, first, frames - 1)
    scores = np.concatenate([one.scores[:, granularity, column] for one in slices])
    return np.stack([first, last], axis=1).astype(np.int64), scores.astype(np.float64)


def to_frames(
    runs: np.ndarray, rate: float, fps: np.ndarray | float, frames: np.ndarray | int
) -> np.ndarray:
    """First and last source frame (n, 2) of runs of moments (n, 2)."""
    onset = np.clip(np.round(runs[:, 0] / rate * fps), 0, frames - 1)
    offset = np.clip(np.round(runs[:, 1] / rate * fps), onset, frames - 1)
    return np.stack([onset, offset], axis=1).astype(np.int64)


@dataclass(frozen=True)
class BranchOutput:
    """What the model branch says of one type in one video.

    Attributes:
        scores: (T,) score over time at the branch's setting.
        intervals: at the operating point, columns of ``mespot.core.events.INTERVAL_COLUMNS``.
        near: the same at a lower threshold: near misses that fusion may take up.
    """

    scores: np.ndarray
    intervals: pd.DataFrame
    near: pd.DataFrame


def model_output(
    video: str,
    fps: float,
    frames: int,
    slices: Mapping[float, SliceScores],
    granularities: Sequence[float],
    kind: str,
    setting: ModelSetting,
    rate: float,
    margin: float = 0.0,
) -> BranchOutput:
    """Apply a setting to the slice scores of one video.

    Args:
        video: id.
        fps: source frames per second.
        frames: number of source frames.
        slices: slice length -> scores of this video.
        granularities: seconds, in the order of the score columns.
        kind: expression type.
        setting: of the model branch.
        rate: moments per second of the score over time.
        margin: by how much the threshold is lowered for ``near``.
    """
    column = list(granularities).index(setting.granularity)
    taken = [slices[length].at_step(setting.step) for length in setting.lengths]
    lower = replace(setting, threshold=max(setting.threshold - margin, 0.05))
    if isinstance(setting, CurveSetting):
        raw = time_scores(taken[0], column, kind, frames / fps, rate, setting.aggregate)
        scores = smooth_scores(raw, setting.smooth, rate)
        found = [_decoded(scores, point, rate, fps, frames) for point in (setting, lower)]
    else:
        curves = [time_scores(one, column, kind, frames / fps, rate, "weighted") for one in taken]
        scores = np.max(curves, axis=0)
        spans, score = proposals(taken, column, kind, fps, frames)
        found = [_proposed(spans, score, point) for point in (setting, lower)]
    tables = [
        pd.DataFrame(
            {
                "video": video,
                "onset": spans[:, 0],
                "offset": spans[:, 1],
                "type": kind,
                "score": score,
            }
        )
        if len(spans)
        else empty_intervals()
        for spans, score in found
    ]
    return BranchOutput(scores, *tables)


def intervals_of(
    videos: pd.DataFrame,
    slices: Mapping[float, Mapping[str, SliceScores]],
    granularities: Sequence[float],
    kind: str,
    settings: Sequence[ModelSetting],
    rate: float,
) -> pd.DataFrame:
    """Intervals of one type in many videos.

    Args:
        videos: columns video, fps, frames.
        slices: slice length -> video -> scores.
        granularities: seconds, in the order of the score columns.
        kind: expression type.
        settings: of the model branch, one per video.
        rate: moments per second of the score over time.

    Returns:
        columns of ``mespot.core.events.INTERVAL_COLUMNS``.
    """
    tables = [empty_intervals()]
    for row, setting in zip(videos.itertuples(), settings, strict=True):
        own = {length: slices[length][row.video] for length in setting.lengths}
        found = model_output(
            row.video, row.fps, int(row.frames), own, granularities, kind, setting, rate
        )
        tables.append(found.intervals)
    return pd.concat(tables, ignore_index=True)


def _decoded(
    scores: np.ndarray, setting: CurveSetting, rate: float, fps: float, frames: int
) -> tuple[np.ndarray, np.ndarray]:
    curve = stretched(scores) if setting.scale == "relative" else scores
    spans, _ = decode(
        curve,
        rate,
        setting.threshold,
        setting.min_length,
        setting.max_length,
        setting.merge_gap,
        setting.low,
    )
    runs = np.round(spans * rate).astype(np.int64)
    return to_frames(runs, rate, fps, frames), np.clip(peaks(scores, runs), 0.0, 1.0)


def _proposed(
    spans: np.ndarray, scores: np.ndarray, setting: ProposalSetting
) -> tuple[np.ndarray, np.ndarray]:
    left = suppressed_scores(
        spans, scores, setting.threshold, setting.max_iou, setting.suppression == "soft"
    )
    kept = left >= setting.threshold
    order = np.lexsort((spans[kept, 1], spans[kept, 0]))
    return spans[kept][order], left[kept][order]
