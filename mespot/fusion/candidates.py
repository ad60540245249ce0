"""Candidate intervals of both branches and what each branch says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from mespot.core.events import TYPES, iou_matrix

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
    "amplitude",
    "symmetry",
    "regions",
)
AGREE = 0.3
"""IoU from which on two intervals speak of the same movement."""
_MOVED = 3.0  # noise SDs from which on a region counts as moved


class Signals(Protocol):
    """The part of the flow branch's signals that fusion reads; N samples, R regions."""

    regions: tuple[str, ...]  # names; those ending in _r and _l are pairs
    displacement: np.ndarray  # (N, R, 2) IOD
    noise: np.ndarray  # (R,) IOD; all others have N entries
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
        flow: flow intervals (``mespot.core.events.INTERVAL_COLUMNS``), source frames.
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

    Every interval of either branch stands once per type that its duration allows, and once as
    the type that its branch gave it, so that the scorer, which sees both branches, decides on the
    type.

    Args:
        evidence: both branches' output.
        me_longest: longest interval that may be an ME, seconds.
        mae_shortest: shortest interval that may be a MaE, seconds.

    Returns:
        columns video, onset, offset (source frames), type; ``flow_score``, ``model_score`` and
        ``near_score``: the score that the flow branch, the model branch and the model branch at
        its lowered threshold gave to this very interval and type (NaN: it is not theirs);
        ``model_mean``: the model's score over time, averaged inside; ``model_overlap``: the best
        score of a model interval of the same type that overlaps; and ``FEATURES``.
    """
    sources = {
        "flow_score": evidence.flow,
        "model_score": evidence.model,
        "near_score": evidence.near,
    }
    parts = []
    for source, table in sources.items():
        duration = (table["offset"] - table["onset"] + 1) / evidence.fps
        for kind in TYPES:
            own = table["type"] == kind
            allowed = duration <= me_longest if kind == "me" else duration >= mae_shortest
            part = table.loc[own | allowed, ["onset", "offset"]].assign(type=kind)
            for name in sources:
                part[name] = table["score"].where(own) if name == source else np.nan
            parts.append(part)
    table = (
        pd.concat(parts, ignore_index=True)
        .astype({name: np.float64 for name in sources})
        .groupby(["onset", "offset", "type"], as_index=False)
        .max()
    )
    table.insert(0, "video", evidence.video)
    table["model_mean"], table["model_overlap"] = _model_inside(table, evidence)
    values = _features(table, evidence)
    return pd.concat([table, pd.DataFrame(values, columns=list(FEATURES))], axis=1)


def _seconds(table: pd.DataFrame, fps: float) -> tuple[np.ndarray, np.ndarray]:
    return table["onset"].to_numpy() / fps, (table["offset"].to_numpy() + 1) / fps


def _model_inside(table: pd.DataFrame, evidence: VideoEvidence) -> tuple[np.ndarray, np.ndarray]:
    """Mean model score inside each candidate, and the best overlapping model interval's score."""
    begin, end = _seconds(table, evidence.fps)
    grid = np.arange(len(evidence.scores)) / evidence.rate
    is_me = (table["type"] == "me").to_numpy()
    means = [_reduce(grid, evidence.scores[:, i], begin, end, np.mean) for i in (0, 1)]
    model = evidence.model
    overlap = iou_matrix(table[["onset", "offset"]].to_numpy(), model[["onset", "offset"]])
    same = is_me[:, None] == (model["type"] == "me").to_numpy()[None, :]
    score = np.where((overlap >= AGREE) & same, model["score"].to_numpy()[None, :], 0.0)
    return np.where(is_me, *means), score.max(axis=1, initial=0.0)


def _features(table: pd.DataFrame, evidence: VideoEvidence) -> np.ndarray:
    span = table[["onset", "offset"]].to_numpy(dtype=np.float64)
    begin, end = _seconds(table, evidence.fps)
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
        *_movement(evidence.signals, begin, end),
    ]
    return np.stack(columns, axis=1).reshape(len(table), len(FEATURES))


def _best(overlap: np.ndarray, score: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Highest score among the wanted flow intervals that overlap, 0 for none."""
    if not wanted.any() or not len(overlap):
        return np.zeros(len(overlap))
    hit = np.where(overlap[:, wanted] >= AGREE, score[wanted][None, :], 0.0)
    return hit.max(axis=1)


def _movement(
    signals: Signals, begin: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far the face moves inside each candidate, and how far its halves and regions agree.

    Looked at is the moment of the largest movement away from where the candidate begins and ends.

    Returns:
        (n,) log of the largest displacement of a region in IOD; (n,) agreement of the two halves,
        from 1 (mirror images) to -1; (n,) share of regions that moved.
    """
    count = len(begin)
    amplitude, symmetry, moved = np.full(count, np.log(1e-4)), np.zeros(count), np.zeros(count)
    time = np.asarray(signals.time)
    if not len(time):
        return amplitude, symmetry, moved
    names = list(signals.regions)
    right = [i for i, name in enumerate(names) if name.endswith("_r") and _left(name) in names]
    left = [names.index(_left(names[i])) for i in right]
    first = np.clip(np.searchsorted(time, begin), 0, len(time) - 1)
    last = np.clip(np.searchsorted(time, end), first + 1, len(time))
    for row, (a, b) in enumerate(zip(first, last, strict=True)):
        inside = np.asarray(signals.displacement[a:b], dtype=np.float64)  # (n, R, 2)
        away = inside - 0.5 * (inside[0] + inside[-1])
        peak = away[(away**2).sum(axis=(1, 2)).argmax()]  # (R, 2)
        size = np.linalg.norm(peak, axis=1)
        amplitude[row] = np.log(max(size.max(initial=0.0), 1e-4))
        moved[row] = (size > _MOVED * np.asarray(signals.noise)).mean() if names else 0.0
        product = (peak[right] * peak[left] * [-1.0, 1.0]).sum()  # x points the other way
        energy = 0.5 * ((peak[right] ** 2).sum() + (peak[left] ** 2).sum())
        symmetry[row] = product / max(energy, 1e-12)
    return amplitude, symmetry, moved


def _left(name: str) -> str:
    return name.removesuffix("_r") + "_l"


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
