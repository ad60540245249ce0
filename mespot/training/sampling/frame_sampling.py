"""Which 16 frames of a video make a clip: the rules of the published recipes (VideoMAE, MAE-DFER).

All indices are 0-based. A rule is split in two: how many starts there are, from which the caller
draws one uniformly, and the frames that belong to a start; so nothing here draws random numbers.
The spotting recipe samples by time instead (``mespot.crops.clips``); these rules serve published
protocols on trimmed clips.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class ClipRule(NamedTuple):
    """Frames per clip and distance of neighbouring frames, both in frames.

    The distance may be a fraction in pre-training, where a clip spans a time.
    """

    length: int = 16
    stride: float = 4

    @property
    def span(self) -> float:
        """Frames that a clip covers."""
        return self.length * self.stride


def finetune_starts(frames: int, rule: ClipRule) -> int:
    """Number of starts in fine-tuning; a start is drawn uniformly from ``range`` of it.

    Args:
        frames: frames of the video.
        rule: clip length and stride.
    """
    return max(1, frames - rule.span)


def finetune_frames(frames: int, start: int, rule: ClipRule) -> np.ndarray:
    """Frames of a training clip in fine-tuning.

    A long video gives ``length`` moments spread over the span, both ends included, so that the
    true step is a little longer than the stride. A short one is spread as a whole over
    ``frames // stride`` moments, then its last frame is repeated.

    Args:
        frames: frames of the video.
        start: first frame; without meaning for a video that is no longer than the span.
        rule: clip length and stride.

    Returns:
        (length,) int64.

    Raises:
        ValueError: for an empty video.
    """
    _not_empty(frames)
    if frames > rule.span:
        moments = np.linspace(start, start + rule.span, rule.length)
        return np.clip(moments, start, start + rule.span - 1).astype(np.int64)
    moments = np.linspace(0, frames, frames // rule.stride)
    found = np.clip(moments, 0, frames - 1).astype(np.int64)[: rule.length]
    return _repeat_last(found, rule.length, frames - 1)


def window_frames(frames: int, rule: ClipRule, windows: int = 2) -> np.ndarray:
    """Frames of the test clips: every stride-th frame, cut by windows from start to end.

    Args:
        frames: frames of the video.
        rule: clip length and stride.
        windows: clips per video; the published protocol takes 2.

    Returns:
        (windows, length) int64; equal rows where the video is shorter than a clip.

    Raises:
        ValueError: for an empty video.
    """
    _not_empty(frames)
    kept = np.arange(0, frames, rule.stride)
    kept = _repeat_last(kept, rule.length, kept[-1])
    starts = np.arange(windows) * (len(kept) - rule.length) // max(1, windows - 1)
    return kept[starts[:, None] + np.arange(rule.length)]


def pretrain_starts(frames: int, rule: ClipRule) -> int:
    """Number of starts in pre-training; a start is drawn uniformly from ``range`` of it.

    Args:
        frames: frames of the video.
        rule: clip length and stride.
    """
    return max(1, math.floor(frames - rule.span + 1))


def pretrain_frames(frames: int, start: int, rule: ClipRule) -> np.ndarray:
    """Frames of a pre-training clip: every stride-th one, the last that fits repeated at the end.

    Args:
        frames: frames of the video.
        start: first frame.
        rule: clip length and stride.

    Returns:
        (length,) int64.

    Raises:
        ValueError: for an empty video.
    """
    _not_empty(frames)
    # the published code never steps onto a short video's last frame, unless it is the only one
    found = np.arange(start, max(start + 1, frames - 1), rule.stride)[: rule.length]
    return _repeat_last(found, rule.length, found[-1])


def _repeat_last(found: np.ndarray, length: int, last: int) -> np.ndarray:
    return np.concatenate((found, np.full(max(0, length - len(found)), last))).astype(np.int64)


def _not_empty(frames: int) -> None:
    if frames < 1:
        raise ValueError(f"found {frames} frames, expected at least 1")
