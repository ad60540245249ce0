"""Evidence of both branches on one video under a setting of the model branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.fusion.candidates import Signals, VideoEvidence
from mespot.params.grid import GridParams
from mespot.search.model_branch import SliceScores, model_output
from mespot.search.setting import ModelSetting


def video_evidence(
    video: str,
    fps: float,
    frames: int,
    flow: pd.DataFrame,
    signals: Signals,
    slices: Mapping[float, SliceScores],
    granularities: Sequence[float],
    settings: Mapping[str, ModelSetting],
    grid: GridParams,
    margin: float,
) -> VideoEvidence:
    """Bring both branches of a video together.

    Args:
        video: id.
        fps: source frames per second.
        frames: number of source frames.
        flow: flow intervals of this video.
        signals: flow signals of this video.
        slices: slice length -> slice scores of this video.
        granularities: seconds, in the order of the score columns.
        settings: type -> setting of the model branch.
        grid: length limits and time base.
        margin: by how much the model's threshold is lowered for candidates, so that the scorer
            sees near misses too.
    """
    outputs = [
        model_output(
            video, fps, frames, slices, granularities, kind, settings[kind], grid.rate, margin
        )
        for kind in TYPES
    ]
    return VideoEvidence(
        video=video,
        fps=fps,
        frames=frames,
        flow=flow,
        signals=signals,
        model=pd.concat([one.intervals for one in outputs], ignore_index=True),
        near=pd.concat([one.near for one in outputs], ignore_index=True),
        scores=np.stack([one.scores for one in outputs], axis=1),  # (T, 2)
        rate=grid.rate,
    )
