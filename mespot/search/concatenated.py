"""Videos laid end to end on one time grid, so that all of them are decoded at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mespot.search.model_branch import to_frames


class ConcatenatedTimeline:
    """The time grids of several videos, one after the other.

    A moment of score minus infinity stands after each video: no run reaches into the next one.

    Args:
        fps: (V,) source frames per second.
        frames: (V,) source frames.
        rate: moments per second.
    """

    def __init__(self, fps: Sequence[float], frames: Sequence[int], rate: float):
        self.fps, self.frames = np.asarray(fps, dtype=float), np.asarray(frames, dtype=np.int64)
        self.rate = rate
        counts = np.maximum(np.ceil(self.frames / self.fps * rate).astype(np.int64), 1)
        self._first = np.concatenate(([0], np.cumsum(counts + 1)[:-1]))

    def concatenate(self, curves: Sequence[np.ndarray]) -> np.ndarray:
        """Join the scores of all videos, each (T_v,), to one array."""
        apart = np.array([-np.inf])
        return np.concatenate([part for curve in curves for part in (curve, apart)])

    def video(self, runs: np.ndarray) -> np.ndarray:
        """Video (n,) that each run (n, 2) lies in."""
        return np.searchsorted(self._first, runs[:, 0], side="right") - 1

    def spans(self, runs: np.ndarray, video: np.ndarray) -> np.ndarray:
        """First and last source frame (n, 2) of runs (n, 2), counted from their video's start."""
        own = runs - self._first[video][:, None]
        return to_frames(own, self.rate, self.fps[video], self.frames[video])
