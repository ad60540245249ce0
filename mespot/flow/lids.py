"""Eyes that stay shut for longer than a blink.

``mespot.flow.blinks`` takes out whatever lasts longer than a blink; this is the other half. A shut
eye has three signs: the upper lids are down as far as in this video's blinks; they came down as
quickly as lids do, unlike a brow that presses on them or a smile that narrows the eyes; and the
aperture shows skin, brighter and with less contrast than the open eye. Eyes that look down are
called shut where they look so: from the front they do not differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.flow.filters import smooth

LONGEST_BLINK = 0.7
"""Seconds; the border between a blink and a long closure, as in ``mespot.flow.blinks``."""

_WINDOW = 16.0  # s around a moment, whose lids tell how high the open eye's are
_EVERY = 0.5  # s between the moments at which the open level is looked up
_OPEN = 0.25  # share of the time that lids are at least open for: long closures are bounded by it
_BLINKING = 0.5  # of ``signals.blink``: these frames tell how deep this video's blinks are
_DEPTH = (0.025, 0.06)  # IOD, what a full stroke of the lids can measure
_USUAL_DEPTH = 0.045  # IOD, in a video without blinks
_SHUT, _STAYS_SHUT = 0.65, 0.45  # of a full stroke: to begin with, and to go on
_SKIN, _STAYS_SKIN = 0.2, 0.1  # contrast lost and brightness gained inside the apertures
_QUICK = 0.5  # full strokes within _STROKE: quicker than brows and cheeks are
_STROKE = 0.15  # s
_BEGIN = 0.25  # s on either side of a run's first frame, in which the lids come down
_STILL = 6.0  # degrees that the head may turn meanwhile
_QUIET = 0.08  # s, smoothing of the lids
_QUIET_SKIN = 0.2  # s, smoothing of what the apertures show


@dataclass(frozen=True)
class LidCues:
    """How far the lids are down, N crops.

    Attributes:
        stroke: (N,) both upper lids below their open level, in full strokes of this video.
        skin: (N,) share of the contrast inside the apertures that is missing, and logarithm of the
            brightness that has come, added up; some 0.2 to 0.9 for shut eyes.
    """

    stroke: np.ndarray
    skin: np.ndarray


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
    lost = 1.0 - contrast / np.maximum(running_quantile(contrast, 1.0 - _OPEN, step), 1e-6)
    bright = np.log(np.maximum(eyes[:, :, 0], 8.0))
    gained = bright - running_quantile(bright, _OPEN, step)
    skin = smooth((lost + gained).mean(axis=1)[:, None], step, _QUIET_SKIN)[:, 0]
    return LidCues(below / np.clip(depth, *_DEPTH), skin)


def eyes_closed(cues: LidCues, angles: np.ndarray, step: float) -> np.ndarray:
    """Frames in which both eyes are shut, in closures longer than a blink.

    Args:
        cues: of N crops.
        angles: (N, 2) yaw and pitch of the head, degrees. A turn carries the lids along as a
            closure does, so the head has to keep still while they come down.
        step: sampling period, s.

    Returns:
        (N,) bool.
    """
    certain = (cues.stroke > _SHUT) & (cues.skin > _SKIN)
    going_on = (cues.stroke > _STAYS_SHUT) & (cues.skin > _STAYS_SKIN)
    lag, reach = max(1, round(_STROKE / step)), max(1, round(_BEGIN / step))
    speed = np.zeros(len(certain))
    speed[lag:] = cues.stroke[lag:] - cues.stroke[:-lag]
    found = np.zeros(len(certain), dtype=bool)
    for first, last in runs(spread(certain, going_on)):
        begin = slice(max(0, first - reach), first + reach + 1)
        long = (last - first) * step >= LONGEST_BLINK - 0.5 * step
        quick = first == 0 or speed[begin].max() > _QUICK  # a video may begin with shut eyes
        still = np.ptp(angles[begin], axis=0).max() < _STILL
        found[first:last] = long and quick and still
    return found


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
