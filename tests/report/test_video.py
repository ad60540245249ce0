from __future__ import annotations

from dataclasses import replace

import numpy as np

from mespot.report.video import timeline
from tests.report.conftest import FRAMES, PAGE


def bars(data, name):
    return next(row["bars"] for row in data["rows"] if row["name"] == name)


def test_truth_and_branches_are_judged(view):
    data = timeline(view, 12.0, 0.5, PAGE)
    assert [row["name"] for row in data["rows"]] == ["truth", "fused", "flow"]
    assert [bar["verdict"] for bar in bars(data, "truth")] == ["hit", "miss"]
    assert [bar["verdict"] for bar in bars(data, "fused")] == ["false", "hit"]
    hit = bars(data, "fused")[1]
    assert (hit["start"], hit["end"]) == (3.933, 5.067)
    assert (hit["onset"], hit["offset"], hit["score"], hit["type"]) == (118, 151, 0.9, "mae")
    assert data["counts"] == {"hit": 1, "miss": 1, "false": 1}


def test_signals_keep_their_peaks_when_thinned(view):
    data = timeline(view, 12.0, 0.5, PAGE.model_copy(update={"samples": 100}))
    assert len(data["time"]) <= 102
    assert abs(max(data["evidence"]) - 41.0) < 0.1
    lips = next(area for area in data["areas"] if area["name"] == "lips")
    assert abs(max(lips["moved"]) - 4.0) < 0.05  # % IOD
    assert len(data["blinks"]) == 1 and abs(data["blinks"][0][0] - 2.0) < 0.05
    assert data["faceless"][0][0] > 9.4


def test_frames_are_numbered_as_the_input_numbers_them(view):
    found = view.intervals.drop(columns="branch")
    steady = replace(view, truth=None, intervals=found, numbers=np.arange(FRAMES) + 101)
    data = timeline(steady, 12.0, 0.5, PAGE)
    assert data["first"] == 101
    assert {bar["onset"] for bar in bars(data, "found")} == {219, 131}
    assert data["counts"] == {"found": 3}
    gapped = np.arange(FRAMES) + 101
    gapped[200:] += 7
    assert timeline(replace(steady, numbers=gapped), 12.0, 0.5, PAGE)["first"] is None


def test_nothing_found_gives_an_empty_row(view):
    nothing = replace(view, truth=None, intervals=view.intervals.iloc[:0].drop(columns="branch"))
    assert timeline(nothing, 12.0, 0.5, PAGE)["rows"] == [{"name": "found", "bars": []}]
