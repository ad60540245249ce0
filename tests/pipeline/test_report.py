from __future__ import annotations

import json

import pytest

from mespot.metric import F1Scorer
from mespot.pipeline.report import report
from tests.pipeline.conftest import SET
from tests.pipeline.searched import SPACE, write_faces


@pytest.fixture(scope="module")
def reported(fused_copy):
    toy = fused_copy
    write_faces(toy)
    few = {"videos": 2, "thumbnails": 4, "gallery": 1}
    toy.settings(**SPACE, **{f"report__page__{name}": value for name, value in few.items()})
    old = toy.artifact("report", SET, "timelines")
    old.mkdir(parents=True)
    (old / "gone.png").write_bytes(b"x")
    report(SET)
    return toy


def test_metrics_are_those_of_the_fused_intervals(reported):
    events = reported.table("index", SET, "events.csv")
    videos = reported.table("index", SET, "videos.csv")["video"].tolist()
    scorer = F1Scorer(events, videos)
    intervals = reported.table("fuse", SET, "intervals.csv")
    summary = json.loads((reported.root / f"metrics/{SET}.json").read_text())
    headline = json.loads((reported.root / f"metrics/f1/{SET}.json").read_text())
    recorded = reported.json("runs", "report", SET, "run.json")["metrics"]
    assert headline == pytest.approx(recorded) and summary["dataset"] == SET
    for branch in ("model", "flow", "fused"):
        own = intervals[intervals["branch"] == branch]
        for kind, tally in scorer.score(own).tallies().items():
            assert summary[branch][kind]["f1"] == pytest.approx(tally.f1)
            assert summary[branch][kind]["tp"] == tally.tp
            assert headline[
                f"{branch}_f1" if kind == "overall" else f"{branch}_{kind}_f1"
            ] == pytest.approx(tally.f1)


def test_plots_that_dvc_shows_and_a_timeline_of_every_video(reported):
    plots = {path.stem for path in (reported.root / "metrics/plots" / SET).iterdir()}
    assert {"ablation", "f1_by_subject", "f1_by_duration", "heatmap", "members", "pr"} <= plots
    out = reported.artifact("report", SET)
    videos = reported.table("index", SET, "videos.csv")["video"]
    assert {path.stem for path in (out / "timelines").iterdir()} == set(videos)
    for name in ("f1", "pr", "grid"):
        assert (out / f"{name}.png").stat().st_size > 1000


def test_the_page_says_that_the_faces_are_rendered(reported):
    page = reported.artifact("report", SET, "report.html").read_text(encoding="utf-8")
    assert "Embedded (synthetic) data" in page
