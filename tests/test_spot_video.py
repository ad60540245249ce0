from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import mespot.spot_video as module
from mespot.events import INTERVAL_COLUMNS


@pytest.mark.parametrize(("kind", "seen"), [("motion", "v.motion.npy"), ("flow", "v.zip")])
def test_a_system_is_shown_what_its_classifiers_were_trained_on(
    tmp_path, monkeypatch, params, kind, seen
):
    measured, scored = [], []

    class Scorer:
        input = kind

        def __init__(self, folders, weights, batch):
            assert folders == ["0.5"] and weights == "all"

        def score_files(self, track, archive, duration, lengths, step, gate):
            scored.append((track.name, archive.name, duration, lengths, step, gate.least))
            return [(np.zeros(1), np.zeros((1, 1, 2), np.float32)) for _ in lengths]

    table = pd.DataFrame([["v", 1, 5, "me", 0.9]], columns=list(INTERVAL_COLUMNS))
    monkeypatch.setattr("mespot.slices.score.SliceScorer", Scorer)
    monkeypatch.setattr("mespot.faces.motion.motion_video", lambda *paths: measured.append(paths))
    monkeypatch.setattr(
        "mespot.selection.evidence.video_evidence", lambda *_: SimpleNamespace(model=table)
    )
    setting = SimpleNamespace(granularity=0.5, lengths=(1.0,))
    system = SimpleNamespace(
        member="model", settings={"me": setting}, classifier=lambda value: f"{value:g}",
        grid=None, fuse=SimpleNamespace(margin=0.1), answer=lambda evidence: evidence.model,
    )  # fmt: skip
    signals = SimpleNamespace(time=np.zeros(1), strength=np.zeros(1))
    crops = tmp_path / "v.npz", tmp_path / "v.zip"
    face = SimpleNamespace(frames=100, fps=25.0)
    found = module._fused("v", face, table, signals, crops, params, system)
    assert len(found) == 1
    assert scored == [("v.npz", seen, 4.0, [1.0], params.slices.step, params.slices.gate)]
    assert measured == ([(*crops, tmp_path / seen)] if kind == "motion" else [])
