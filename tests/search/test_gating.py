from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from mespot.search.gating import gate_table
from mespot.search.grid import search
from tests.search.world import FPS, FRAMES, folds_of, world


def test_a_gate_that_knows_the_events_saves_clips_and_loses_little(small_grid):
    videos, events, slices, _, _ = world(4, subjects=3)
    folds = folds_of(videos)
    time = np.arange(FRAMES) / FPS
    signals = {}
    for video in videos["video"]:
        strength = np.zeros(FRAMES)
        for row in events[events["video"] == video].itertuples():
            strength[row.onset : row.offset + 1] = 10.0
        signals[video] = SimpleNamespace(time=time, strength=strength)
    found = search(videos, events, slices, (0.5, 2.0), folds, small_grid, 0.5)
    table = gate_table(
        videos, events, slices, signals, (0.5, 2.0), found.chosen, folds,
        small_grid.model_copy(update={"gates": (0.0, 5.0, 11.0)}), 0.5,
    ).set_index("gate")  # fmt: skip
    clips = sum(2 * len(one.start) for length in slices.values() for one in length.values())
    assert table.loc[0.0, "clips_per_second"] == clips / (3 * FRAMES / FPS)
    assert 0 < table.loc[5.0, "clips_per_second"] < 0.7 * table.loc[0.0, "clips_per_second"]
    assert table.loc[5.0, "f1_overall"] > table.loc[0.0, "f1_overall"] - 0.1 > 0.5
    assert table.loc[11.0].tolist() == [0.0, 0.0, 0.0, 0.0]
    for kind in ("me", "mae"):
        assert table.loc[0.0, f"f1_{kind}"] == found.nested[kind]
