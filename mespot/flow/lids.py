"""What the eyelids do for longer than a blink: shut, or lowered after the gaze.

``mespot.flow.blinks`` takes out whatever lasts longer than a blink; this is the other half. Two
cues of a shut eye: the upper lids are down as far as in this video's blinks, and the aperture has
lost its contrast. Lids that are down by less, over eyes that keep their contrast, follow a gaze
towards something below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.flow.filters import smooth

LONGEST_BLINK = 0.7
"""Seconds; the border between a blink and a long closure, as in ``mespot.flow.blinks``."""

_WINDOW = 16.0  # s around a moment, whose lids tell how high the open eye's are
_EVERY = 0.5  # s between the moments at which the open level is looked up
_OPEN = 0.25  # quantile of the lids' height that an open eye has: lids are down for less than 3/4
_BLINKING = 0.5  # of ``signals.blink``: these frames tell how deep this video's blinks are
_DEPTH = (0.025, 0.06)  # IOD, what a full stroke of the lids can measure
_USUAL_DEPTH = 0.045  # IOD, in a video without blinks
_SHUT, _STAYS_SHUT = 0.65, 0.45  # of a full stroke: to begin with, and to go on
_PALE, _STAYS_PALE = 0.3, 0.2  # loss of contrast of a shut eye; with it, a smaller stroke will do
_LOWERED, _STAYS_LOWERED = 0.4, 0.3  # of a full stroke
_SHORTEST_GAZE = 0.3  # s
_QUIET = 0.08  # s, smoothing


@dataclass(frozen=True)
class LidCues:
    """How far the lids are down, N crops.

    Attributes:
        stroke: (N,) both upper lids below their open level, in full strokes of this video.
        pallor: (N,) share of the contrast inside both apertures that is missing, 0 to 1.
    """

    stroke: np.ndarray
    pallor: np.ndarray


def lid_cues(lids: np.ndarray, eyes: np.ndarray, blink: np.ndarray, step: float) -> LidCues:
    """Measure lids and apertures against the open eye.

    Args:
        lids: (N, 2) downward displacement of the right and the left upper lid, IOD, head removed.
        eyes: (N, 2, 2) mean and standard deviation of grey inside both apertures, no NaN.
        blink: (N,) how far a blink closes the eyes, 0 to 1.
        step: sampling period, s.
    """
    quiet = smooth(np.asarray(lids, dtype=np.float64), step, _QUIET)
    below = (quiet - running_quantile(quiet, _OPEN, step)).min(axis=1)  # a wink shuts one eye
    blinks = below[blink > _BLINKING]
    depth = float(np.quantile(blinks, 0.8)) if len(blinks) else _USUAL_DEPTH
    contrast = eyes[:, :, 1] / np.maximum(eyes[:, :, 0], 8.0)  # (N, 2)
    level = np.maximum(running_quantile(contrast, 1.0 - _OPEN, step), 1e-6)
    return LidCues(below / np.clip(depth, *_DEPTH), np.clip(1.0 - contrast / level, 0, 1).min(1))


def eyes_closed(cues: LidCues, step: float) -> np.ndarray:
    """Frames (N,) in which both eyes are shut, in closures longer than a blink."""
    certain = (cues.stroke > _SHUT) | ((cues.stroke > _LOWERED) & (cues.pallor > _PALE))
    going_on = (cues.stroke > _STAYS_SHUT) | (
        (cues.stroke > _STAYS_LOWERED) & (cues.pallor > _STAYS_PALE)
    )
    return long_runs(spread(certain, going_on), LONGEST_BLINK, step)


def lids_lowered(cues: LidCues, step: float) -> np.ndarray:
    """Frames (N,) in which the lids are down after the gaze or further, longer than a moment."""
    return long_runs(
        spread(cues.stroke > _LOWERED, cues.stroke > _STAYS_LOWERED), _SHORTEST_GAZE, step
    )


def running_quantile(values: np.ndarray, share: float, step: float) -> np.ndarray:
    """Quantile of (N, D) over a window around every sample, looked up twice a second."""
    count = len(values)
    half, every = round(0.5 * _WINDOW / step), max(1, round(_EVERY / step))
    moments = np.arange(0, count, every)
    level = np.array(
        [np.quantile(values[max(0, at - half) : at + half + 1], share, axis=0) for at in moments]
    ).reshape(len(moments), -1)  # (M, D)
    times = np.arange(count)
    return np.stack([np.interp(times, moments, column) for column in level.T], axis=-1)


def runs(mask: np.ndarray) -> np.ndarray:
    """First and one past the last index of every run of True in (N,): int64 (K, 2)."""
    edges = np.diff(np.concatenate([[0], np.asarray(mask, dtype=np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def spread(certain: np.ndarray, going_on: np.ndarray) -> np.ndarray:
    """Runs of ``certain | going_on`` (N,) that hold at least one ``certain`` sample."""
    either = certain | going_on
    found = np.zeros(len(either), dtype=bool)
    for first, last in runs(either):
        found[first:last] = certain[first:last].any()
    return found


def long_runs(mask: np.ndarray, seconds: float, step: float) -> np.ndarray:
    """Drop the runs of (N,) that last less than ``seconds``."""
    kept = np.zeros(len(mask), dtype=bool)
    for first, last in runs(mask):
        kept[first:last] = (last - first) * step >= seconds - 0.5 * step
    return kept
