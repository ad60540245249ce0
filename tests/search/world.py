"""A small world of known events, seen by slice scores and flow intervals."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from mespot.core.events import INTERVAL_COLUMNS
from mespot.fusion.evidence import video_evidence
from mespot.search.model_branch import SliceScores
from mespot.slices.cut import slice_starts

FPS, FRAMES = 30.0, 900
LENGTHS = (0.3, 0.5, 1.0, 2.0)


def world(seed: int, subjects: int = 6, model_noise: float = 0.15, blind: int | None = None):
    """Videos with known events, slice scores that see them and flow intervals that mostly do.

    The flow branch misses the last of the four events of a video, the model the one at ``blind``.
    """
    rng = np.random.default_rng(seed)
    videos, events, slices, flow, signals = [], [], {length: {} for length in LENGTHS}, [], {}
    for subject in range(subjects):
        video = f"{subject:03d}_1"
        videos.append((f"{subject:03d}", video, FPS, FRAMES))
        spans = []
        for slot, kind in enumerate(["me", "mae", "me", "mae"]):
            onset = 60 + 210 * slot + int(rng.integers(0, 60))
            offset = onset + (11 if kind == "me" else 45)
            spans.append((onset, offset, kind))
            events.append((f"{subject:03d}", video, onset, (onset + offset) // 2, offset, kind))
        for length in LENGTHS:
            start = slice_starts(FRAMES / FPS, length, 0.25)
            scores = 0.1 + model_noise * rng.random((len(start), 2, 2))
            for slot, (onset, offset, kind) in enumerate(spans):
                if slot == blind:
                    continue
                middle = 0.5 * (onset + offset) / FPS
                fits = length <= 0.5 if kind == "me" else length >= 1.0
                near = np.abs(start + length / 2 - middle) < 0.5 * (offset - onset) / FPS
                column = 0 if kind == "me" else 1  # also the index of the right granularity
                scores[near, column, column] += 0.6 if fits else 0.2
            slices[length][video] = SliceScores(length, start, scores)
        for index, (onset, offset, kind) in enumerate(spans):
            if index != 3:
                flow.append((video, onset - 1, offset + 2, kind, 0.6 + 0.3 * rng.random()))
        flow.append((video, 20, 30, "me", 0.3 + 0.4 * rng.random()))  # a false alarm
        time = np.arange(FRAMES) / FPS
        signals[video] = SimpleNamespace(
            regions=("lip_corner_r", "lip_corner_l"),
            displacement=0.01 * rng.random((FRAMES, 2, 2)),
            noise=np.full(2, 2e-3),
            time=time,
            strength=rng.random(FRAMES),
            head_motion=rng.random(FRAMES),
            blink=np.zeros(FRAMES),
            confidence=np.ones(FRAMES),
        )
    return (
        pd.DataFrame(videos, columns=["subject", "video", "fps", "frames"]),
        pd.DataFrame(events, columns=["subject", "video", "onset", "apex", "offset", "type"]),
        slices,
        pd.DataFrame(flow, columns=list(INTERVAL_COLUMNS)),
        signals,
    )


def folds_of(videos):
    return {subject: index % 3 for index, subject in enumerate(sorted(set(videos["subject"])))}


def evidence_of(videos, slices, flow, signals, grid, margin):
    def evidence(settings):
        return [
            video_evidence(
                row.video,
                row.fps,
                row.frames,
                flow[flow["video"] == row.video],
                signals[row.video],
                {length: slices[length][row.video] for length in LENGTHS},
                (0.5, 2.0),
                settings,
                grid,
                margin,
            )
            for row in videos.itertuples()
        ]

    return evidence
