"""Which clips a step trains on: pure functions of seed and step, so a resume needs no state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mespot.crops.clips import ClipSet
from mespot.training.sampling.labels import overlap_labels
from mespot.training.sampling.timeline import Timeline

_STREAM = {
    "pretrain": 1, "finetune": 2, "mask": 3, "clip": 4, "mix": 5, "validate": 6, "overlay": 7,
    "order": 8,
}  # fmt: skip


class Draw(NamedTuple):
    """Clips of one batch.

    ``videos`` (B,) indices, ``starts`` and ``spans`` (B,) seconds, ``labels`` (B, 2) [me, mae].
    """

    videos: np.ndarray
    starts: np.ndarray
    spans: np.ndarray
    labels: np.ndarray


def generator(seed: int, step: int, purpose: str, *path: int) -> np.random.Generator:
    """Random generator of one step; each purpose has its own stream.

    Args:
        seed: seed of the training.
        step: 0-based step.
        purpose: a key of ``_STREAM``.
        path: what else distinguishes this generator, such as the row in the batch.
    """
    return np.random.default_rng((seed, _STREAM[purpose], step, *path))


def draw_unlabelled(
    clips: ClipSet,
    moments: Sequence[np.ndarray],
    span: float,
    batch: int,
    rng: np.random.Generator,
    moving: float = 0.5,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clips for pre-training: some uniformly over all recorded time, some at strong motion.

    Faces are still most of the time; clips of still faces hold nothing to reconstruct but noise.

    Args:
        clips: the videos.
        moments: per video the moments of strong motion, seconds.
        span: seconds.
        batch: number of clips B.
        rng: source of the draw.
        moving: share of the clips at strong motion.

    Returns:
        videos (B,), starts (B,) and spans (B,).
    """
    room = np.maximum(clips.ends - span, 0) + 1e-3
    videos = rng.choice(len(room), size=batch, p=room / room.sum())
    starts = rng.random(batch) * room[videos]
    for slot in range(int(moving * batch)):
        own = moments[videos[slot]]
        start = own[rng.integers(len(own))] - rng.uniform(0.1, 0.9) * span
        starts[slot] = min(max(start, 0.0), room[videos[slot]])
    return videos, starts, np.full(batch, span)


def draw_balanced(
    timelines: list[Timeline],
    span: float,
    batch: int,
    positives: float,
    low: float,
    high: float,
    rng: np.random.Generator,
    stretch: float = 1.0,
    core: float = 1.0,
) -> Draw:
    """Clips around MEs, around MaEs, just beside events, at other motion, and anywhere.

    Positives are split evenly between the types. Of the rest, a third each lies just beside an
    event, at strong motion (blinks, nods) and anywhere. Whatever the reason of the draw, labels
    come from the overlap with all events.

    Args:
        timelines: the training videos.
        span: granularity, seconds.
        batch: number of clips B.
        positives: share of clips drawn around an event.
        low: see ``overlap_labels``.
        high: see ``overlap_labels``.
        rng: source of the draw.
        core: see ``overlap_labels``; it is the middle of a clip that lies around an event.
        stretch: clips are drawn up to this factor shorter or longer than ``span`` (temporal
            jitter).
    """
    by_kind = [
        [(line, row) for line in timelines for row in np.flatnonzero(line.kinds == kind)]
        for kind in (0, 1)
    ]
    everything = by_kind[0] + by_kind[1]
    beside = (1 - positives) / 3
    bounds = np.cumsum([positives / 2, positives / 2, beside, beside])
    # one stratified draw: every batch holds nearly the same mixture
    reasons = np.searchsorted(bounds, (np.arange(batch) + rng.random()) / batch, side="right")
    videos = np.empty(batch, dtype=np.int64)
    starts = np.empty(batch)
    labels = np.empty((batch, 2), dtype=np.float32)
    spans = span * stretch ** rng.uniform(-1, 1, batch)
    lengths = np.array([line.end for line in timelines])
    for slot, reason in enumerate(reasons):
        length = spans[slot]
        pool = by_kind[reason] if reason < 2 else everything
        if reason <= 2 and pool:
            line, row = pool[rng.integers(len(pool))]
            onset, end = line.events[row]
            middle = core * length
            shared = 0.5 * min(middle, end - onset)
            if reason < 2:
                start = rng.uniform(onset - middle + shared, end - shared)
            elif rng.random() < 0.5:
                start = onset - middle - rng.uniform(-0.2, 0.8) * length
            else:
                start = end + rng.uniform(-0.2, 0.8) * length
            start -= 0.5 * (length - middle)
        elif reason == 3:
            line = timelines[rng.choice(len(timelines), p=lengths / lengths.sum())]
            moment = line.moments[rng.integers(len(line.moments))]
            start = moment - rng.uniform(0.1, 0.9) * length
        else:
            line = timelines[rng.choice(len(timelines), p=lengths / lengths.sum())]
            start = rng.uniform(0, max(line.end - length, 0))
        start = min(max(start, 0.0), max(line.end - length, 0.0))
        videos[slot], starts[slot] = line.video, start
        labels[slot] = overlap_labels(start, length, line.events, line.kinds, low, high, core)
    return Draw(videos, starts, spans, labels)
