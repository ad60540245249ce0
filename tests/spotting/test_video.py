from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

import mespot.spotting.video as module
from mespot.core.events import INTERVAL_COLUMNS


def test_classifiers_score_the_gated_slices_of_all_lengths(monkeypatch, params):
    scored = []

    class Scorer:
        def score_crops(self, times, seen, duration, lengths, step, gate):
            scored.append((seen, duration, lengths, step, gate.least))
            return [(np.zeros(1), np.zeros((1, 1, 2), np.float32)) for _ in lengths]

    table = pd.DataFrame([["v", 1, 5, "me", 0.9]], columns=list(INTERVAL_COLUMNS))
    monkeypatch.setattr(
        "mespot.fusion.evidence.video_evidence", lambda *_: SimpleNamespace(model=table)
    )
    setting = SimpleNamespace(granularity=0.5, lengths=(1.0,))
    system = SimpleNamespace(
        member="model", settings={"me": setting}, grid=None, fuse=SimpleNamespace(margin=0.1),
        answer=lambda evidence: evidence.model,
    )  # fmt: skip
    signals = SimpleNamespace(time=np.zeros(1), strength=np.zeros(1))
    face = SimpleNamespace(frames=100, fps=25.0, time=np.zeros(1))
    found = module._fused("v", face, table, signals, "crops", params, system, Scorer())
    assert len(found) == 1
    assert scored == [("crops", 4.0, [1.0], params.slices.step, params.slices.gate)]
