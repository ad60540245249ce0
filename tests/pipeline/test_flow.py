from __future__ import annotations

import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.crops.archive import CropWriter
from mespot.flow.signals import FlowSignals
from mespot.pipeline.flow import flow
from tests.flow.scenes import Scene, event, script
from tests.pipeline.conftest import SET

SECONDS, FPS = 3.0, 25.0


@pytest.fixture
def rendered(toy):
    """Crops of a face that smiles from 1 to 1.9 s and of one that rests."""
    faces = toy.artifact("faces", SET)
    faces.mkdir(parents=True)
    for name, events in (("b", [event("mae", "smile", 1.0, 0.9, 0.1)]), ("a", [])):
        scene = Scene(script(SECONDS, events), FPS)
        scene.track().save(faces / f"{name}.npz")
        with CropWriter(faces / f"{name}.zip", 95) as writer:
            for index in range(len(scene.frame)):
                writer.append(scene.read(index, grey=True))
    frames = round(SECONDS * FPS)
    videos = pd.DataFrame({"subject": "s", "video": ["b", "a"], "fps": FPS, "frames": frames})
    toy.index(videos, videos[["subject", "video"]].assign(onset=25, offset=47, type="mae"))
    return toy


def test_signals_of_every_video_and_the_intervals_of_all(rendered):
    flow(SET)
    out = rendered.artifact("flow", SET)
    assert {path.name for path in out.iterdir()} == {"a.npz", "b.npz", "intervals.csv"}
    table = rendered.table("flow", SET, "intervals.csv")
    strong = table[table["score"] >= 0.5]
    assert strong[["video", "type"]].values.tolist() == [["b", "mae"]]
    found = strong.iloc[0]
    shared = min(found["offset"], 47) - max(found["onset"], 25) + 1
    assert shared / (max(found["offset"], 47) - min(found["onset"], 25) + 1) > 0.5
    assert FlowSignals.load(out / "a.npz").frames == 75
    metrics = rendered.json("runs", "flow", SET, "run.json")["metrics"]
    assert metrics == {"candidates": len(table), "me": 0, "mae": 1}


def test_a_set_without_events_stops_before_hours_of_flow(rendered):
    videos = rendered.table("index", SET, "videos.csv")
    rendered.index(videos, videos[:0][["subject", "video"]].assign(onset=0, offset=0, type="me"))
    (rendered.artifact("faces", SET, "b.zip")).unlink()  # reading it would be another error
    with pytest.raises(MespotError, match="has no event"):
        flow(SET)
    assert not rendered.artifact("flow").exists()
