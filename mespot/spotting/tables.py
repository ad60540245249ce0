"""Tables of one's own videos: ``intervals.csv`` and ``frames.csv``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.crops.track import FaceTrack
from mespot.flow.signals import FlowSignals
from mespot.flow.states import NAMES as STATES
from mespot.spotting.video import VideoAnalysis
from mespot.video.frames import FrameSource

COLUMNS = ("vid", "onset", "offset", "type", "score", "onset_s", "offset_s", "speech")
"""Of ``intervals.csv``."""


def interval_table(name: str, found: VideoAnalysis, numbers: np.ndarray) -> pd.DataFrame:
    """Return the intervals of a video as ``intervals.csv`` has them.

    Args:
        name: ``vid``.
        found: from ``analyse_video``.
        numbers: (frames,) the input's own frame numbers.

    Returns:
        ``COLUMNS``: onset and offset numbered as the input does, and in seconds.
    """
    chosen, fps = found.intervals, found.face.fps
    onset = chosen["onset"].to_numpy(dtype=np.int64)
    offset = chosen["offset"].to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "vid": name,
            "onset": numbers[onset],
            "offset": numbers[offset],
            "type": chosen["type"],
            "score": chosen["score"].round(4),
            "onset_s": (onset / fps).round(4),
            "offset_s": (offset / fps).round(4),
            "speech": chosen["speech"].round(4),
        },
        columns=list(COLUMNS),
    )


def frame_table(
    face: FaceTrack, signals: FlowSignals, chosen: pd.DataFrame, numbers: np.ndarray
) -> pd.DataFrame:
    """One row per source frame: face, intervals and flow signals.

    Frames between two analysed ones (fast videos are thinned) take interpolated signals.

    Args:
        face: alignment of the video.
        signals: flow signals of the video.
        chosen: the intervals found, source frames.
        numbers: (frames,) the input's own frame numbers.

    Returns:
        columns ``frame, timestamp, success, confidence``, then ``me`` and ``mae`` (highest score of
        an interval of that type that holds the frame, 0 outside), ``speech`` (probability),
        ``strength`` (noise SDs), ``blink``, ``head_motion`` (IOD/s), ``residual``,
        ``flow_confidence``, ``yaw`` and ``pitch`` (degrees from the usual pose), ``disturbed`` (0
        to 1), a column of 0 and 1 for each state of ``mespot.flow.states`` but the blink, and, per
        region, ``<region>_x`` and ``<region>_y`` (IOD, right and down).
    """
    frame = np.arange(face.frames)
    nearest = (
        np.abs(frame[:, None] - face.frame[None, :]).argmin(axis=1)
        if len(face.frame) < 2
        else _nearest(face.frame, frame)
    )
    columns: dict[str, np.ndarray] = {
        "frame": numbers,
        "timestamp": frame / face.fps,
        "success": face.success[nearest].astype(int),
        "confidence": face.confidence[nearest],
    }
    for kind in TYPES:
        columns[kind] = np.zeros(face.frames)
        for row in chosen[chosen["type"] == kind].itertuples():
            held = columns[kind][row.onset : row.offset + 1]
            np.maximum(held, row.score, out=held)
    for name in ("speech", "strength", "blink", "head_motion", "residual"):
        columns[name] = np.interp(frame, signals.frame, getattr(signals, name))
    columns["flow_confidence"] = np.interp(frame, signals.frame, signals.confidence)
    for name, values in zip(("yaw", "pitch"), signals.angles.T, strict=True):
        columns[name] = np.interp(frame, signals.frame, values)
    columns["disturbed"] = np.interp(frame, signals.frame, signals.disturbed)
    for name, held in zip(STATES, signals.states.T, strict=True):
        if name != "blink":  # which has a column of how far the eyes are closed
            columns[name] = held[nearest].astype(int)
    for index, region in enumerate(signals.regions):
        for axis, letter in enumerate("xy"):
            values = signals.displacement[:, index, axis]
            columns[f"{region}_{letter}"] = np.interp(frame, signals.frame, values)
    return pd.DataFrame(columns)


def _nearest(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    right = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
    left = right - 1
    return np.where(wanted - known[left] <= known[right] - wanted, left, right)


def frame_numbers(source: FrameSource, frames: int) -> np.ndarray:
    """Return the source's own numbers (frames,) of its frames; counted from 0 without any."""
    numbers = np.asarray(source.numbers) if source.numbers is not None else np.arange(frames)
    return numbers[:frames] if len(numbers) >= frames else np.arange(frames)
