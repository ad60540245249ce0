"""Events and motion of the training videos on a common clock, seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.crops.clips import ClipSet

_MOVING = 0.2  # share of the crops that count as strong motion


@dataclass(frozen=True)
class Timeline:
    """What is known about one video.

    Attributes:
        video: index in the clip set.
        end: last moment, seconds.
        events: (E, 2) onset and end (one frame after the offset), seconds.
        kinds: (E,) 0 = me, 1 = mae.
        moments: (M,) seconds at which something moves most, candidates for hard negatives.
    """

    video: int
    end: float
    events: np.ndarray
    kinds: np.ndarray
    moments: np.ndarray


def make_timelines(videos: pd.DataFrame, events: pd.DataFrame, clips: ClipSet) -> list[Timeline]:
    """Put the events of every video on the clock of its crops.

    Args:
        videos: rows with ``video`` and ``fps``, in the order of ``clips``.
        events: rows with ``video``, ``onset``, ``offset`` (0-based, inclusive) and ``type``.
        clips: the crops of ``videos``.

    Returns:
        one timeline per video.
    """
    lines = []
    moving = moments_of_all(clips)
    for index, row in enumerate(videos.itertuples()):
        own = events[events["video"] == row.video]
        frames = np.stack((own["onset"], own["offset"] + 1), 1) if len(own) else np.empty((0, 2))
        kinds = np.array([TYPES.index(kind) for kind in own["type"]], dtype=np.int64)
        end = float(clips.ends[index])
        lines.append(Timeline(index, end, frames / row.fps, kinds, moving[index]))
    return lines


def moments_of_all(clips: ClipSet) -> list[np.ndarray]:
    """Moments of strong motion of every video of a clip set, seconds."""
    return [
        moving_moments(clips.frames[first : first + len(times)], times, _MOVING)
        for first, times in zip(clips.first, clips.times, strict=True)
    ]


def moving_moments(frames: np.ndarray, times: np.ndarray, share: float) -> np.ndarray:
    """Moments of the strongest change between neighbouring crops.

    Args:
        frames: (N, S, S) or (N, S, S, 3) uint8 crops of one video, or (N, S, S, 2) int16 motion.
        times: (N,) seconds.
        share: share of the moments returned.

    Returns:
        (M,) seconds, ascending, at least one.
    """
    if len(frames) < 2:
        return np.asarray(times[:1], dtype=np.float64)
    coarse = frames[:, ::3, ::3].astype(np.int32)
    axes = tuple(range(1, coarse.ndim))
    change = np.abs(np.diff(coarse, axis=0)).mean(axes) / np.maximum(np.diff(times), 1e-3)
    count = max(1, round(share * len(change)))
    return np.asarray(times)[np.sort(np.argsort(-change, kind="stable")[:count]) + 1]
