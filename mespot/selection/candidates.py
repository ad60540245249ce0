"""Candidate intervals of both branches and what each branch says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from mespot.events import TYPES, iou_matrix

FEATURES = (
    "log_duration",
    "log_duration_squared",
    "flow_same",
    "flow_other",
    "flow_fit",
    "strength",
    "strength_around",
    "model_same",
    "model_other",
    "model_around",
    "head_motion",
    "blink",
    "confidence",
)


class Signals(Protocol):
    """The part of the flow branch's signals that fusion reads; all arrays have N entries."""

    time: np.ndarray  # s
    strength: np.ndarray  # noise SDs
    head_motion: np.ndarray  # IOD/s
    blink: np.ndarray  # 0..1
    confidence: np.ndarray  # 0..1


@dataclass(frozen=True)
class VideoEvidence:
    """What both branches know of one video.

    Attributes:
        video: id.
        fps: source frames per second.
        frames: source frames.
        flow: flow intervals (``mespot.events.INTERVAL_COLUMNS``), source frames.
        signals: flow signals.
        model: the model branch's intervals at its operating point, same columns.
        near: its intervals at a lower threshold: near misses that fusion may take up.
        scores: (T, 2) model scores over time for [me, mae].
        rate: moments of ``scores`` per second.
    """

    video: str
    fps: float
    frames: int
    flow: pd.DataFrame
    signals: Signals
    model: pd.DataFrame
    near: pd.DataFrame
    scores: np.ndarray
    rate: float


def candidates(evidence: VideoEvidence, me_longest: float, mae_shortest: float) -> pd.DataFrame:
    """List the candidate intervals of a video with their features.

    Every interval of either branch stands once per type that its duration allows, so that the
    scorer, which sees both branches, decides on the type.

    Args:
        evidence: both branches' output.
        me_longest: longest interval that may be an ME, seconds.
        mae_shortest: shortest interval that may be a MaE, seconds.

    Returns:
        columns video, onset, offset (source frames), type, origin (flow|model) and ``FEATURES``.
    """
    parts = []
    for origin, table in (
        ("flow", evidence.flow),
        ("model", evidence.model),
        ("model", evidence.near),
    ):
        for kind in TYPES:
            part = table[["video", "onset", "offset"]].copy()
            duration = (part["offset"] - part["onset"] + 1) / evidence.fps
            allowed = duration <= me_longest if kind == "me" else duration >= mae_shortest
            part = part[allowed]
            part["type"], part["origin"] = kind, origin
            parts.append(part)
    table = pd.concat(parts, ignore_index=True).drop_duplicates(
        ["onset", "offset", "type"], ignore_index=True
    )
    values = _features(table, evidence)
    return pd.concat([table, pd.DataFrame(values, columns=list(FEATURES))], axis=1)


def _features(table: pd.DataFrame, evidence: VideoEvidence) -> np.ndarray:
    span = table[["onset", "offset"]].to_numpy(dtype=np.float64)
    begin, end = span[:, 0] / evidence.fps, (span[:, 1] + 1) / evidence.fps
    duration = end - begin
    margin = np.maximum(0.5 * duration, 0.25)
    log_duration = np.log(np.maximum(duration, 1e-3) / 0.5)
    is_me = (table["type"] == "me").to_numpy()
    flow = evidence.flow
    overlap = iou_matrix(span, flow[["onset", "offset"]].to_numpy())
    flow_me = _best(overlap, flow["score"].to_numpy(), (flow["type"] == "me").to_numpy())
    flow_mae = _best(overlap, flow["score"].to_numpy(), (flow["type"] == "mae").to_numpy())
    fit = overlap.max(axis=1) if overlap.shape[1] else np.zeros(len(table))
    time = np.asarray(evidence.signals.time)
    grid = np.arange(len(evidence.scores)) / evidence.rate
    inner = _reduce(time, evidence.signals.strength, begin, end, np.max)
    before = _reduce(time, evidence.signals.strength, begin - margin, begin, np.mean)
    after = _reduce(time, evidence.signals.strength, end, end + margin, np.mean)
    me_in = _reduce(grid, evidence.scores[:, 0], begin, end, np.mean)
    mae_in = _reduce(grid, evidence.scores[:, 1], begin, end, np.mean)
    flank = [
        0.5
        * (
            _reduce(grid, evidence.scores[:, column], begin - margin, begin, np.mean)
            + _reduce(grid, evidence.scores[:, column], end, end + margin, np.mean)
        )
        for column in (0, 1)
    ]
    columns = [
        log_duration,
        log_duration**2,
        np.where(is_me, flow_me, flow_mae),
        np.where(is_me, flow_mae, flow_me),
        fit,
        np.log1p(inner),
        np.log1p(0.5 * (before + after)),
        _logit(np.where(is_me, me_in, mae_in)),
        _logit(np.where(is_me, mae_in, me_in)),
        _logit(np.where(is_me, flank[0], flank[1])),
        np.log1p(_reduce(time, evidence.signals.head_motion, begin, end, np.max)),
        _reduce(time, evidence.signals.blink, begin, end, np.mean),
        _reduce(time, evidence.signals.confidence, begin, end, np.min),
    ]
    return np.stack(columns, axis=1).reshape(len(table), len(FEATURES))


def _best(overlap: np.ndarray, score: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Highest score among the wanted flow intervals that overlap (IoU >= 0.3), 0 for none."""
    if not wanted.any() or not len(overlap):
        return np.zeros(len(overlap))
    hit = np.where(overlap[:, wanted] >= 0.3, score[wanted][None, :], 0.0)
    return hit.max(axis=1)


def _reduce(
    time: np.ndarray, values: np.ndarray, begin: np.ndarray, end: np.ndarray, function
) -> np.ndarray:
    """Reduce ``values`` over [begin, end) of each candidate; an empty stretch takes the nearest."""
    if not len(time):
        return np.zeros(len(begin))
    values = np.nan_to_num(np.asarray(values, dtype=np.float64))
    first = np.clip(np.searchsorted(time, begin), 0, len(time) - 1)
    last = np.clip(np.searchsorted(time, end), first + 1, len(time))
    return np.array([function(values[a:b]) for a, b in zip(first, last, strict=True)], dtype=float)


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability, 0.005, 0.995)
    return np.log(clipped / (1 - clipped))
