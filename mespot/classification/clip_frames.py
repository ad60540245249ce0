"""Which frames of a video are seen in training and in the test.

The rules of the published recipe (MAE-DFER on DFEW) are in
``mespot.training.sampling.frame_sampling``. They treat short videos differently in training (spread
over the video, then the last frame repeated) and in the test (every fourth frame, then the last one
repeated): a video of 10 frames shows 2 distinct frames in training and 3 in the test.
``short="spread"`` spreads videos that are shorter than a clip's span over all 16 frames, in both
alike; ``published`` keeps those rules.
"""

from __future__ import annotations

import numpy as np

from mespot.training.sampling.frame_sampling import (
    ClipRule,
    finetune_frames,
    finetune_starts,
    window_frames,
)


def training_frames(
    frames: int, rule: ClipRule, short: str, rng: np.random.Generator
) -> np.ndarray:
    """Frames of a training clip, from a start that is drawn uniformly.

    Args:
        frames: of the video.
        rule: clip length and stride.
        short: ``spread`` or ``published``.
        rng: source of the draw.

    Returns:
        (length,) int64, 0-based.
    """
    start = int(rng.integers(finetune_starts(frames, rule)))
    if short == "spread" and frames <= rule.span:
        return spread_frames(frames, rule.length)
    return finetune_frames(frames, start, rule)


def window_clips(frames: int, rule: ClipRule, short: str, windows: int) -> np.ndarray:
    """Frames of the test clips of a video, from its start to its end.

    Args:
        frames: of the video.
        rule: clip length and stride.
        short: ``spread`` or ``published``.
        windows: clips per video; the published protocol takes 2.

    Returns:
        (w, length) int64, 0-based, w <= ``windows``: equal windows of a short video are one,
        which leaves the mean of their probabilities as it is.
    """
    if short == "spread" and frames <= rule.span:
        return spread_frames(frames, rule.length)[None]
    found = window_frames(frames, rule, windows)
    return found[:1] if (found == found[0]).all() else found


def spread_frames(frames: int, length: int) -> np.ndarray:
    """Return ``length`` moments (length,) int64, evenly from the first to the last frame."""
    return np.linspace(0, frames - 1, length).round().astype(np.int64)
