"""Counts that the published systems' own code gives, on their own predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mespot.metric import MATCHINGS, Tally, choose_protocol, count

PREDICTIONS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "predictions"
SETS = ("lgsnet_casme2", "mdmd_casme2", "mdmd_samm_lv")
pytestmark = pytest.mark.skipif(not PREDICTIONS.exists(), reason="no published predictions here")


def load(name):
    truth, found = (
        pd.read_csv(PREDICTIONS / f"{name}_{part}.csv", dtype={"vid": str}).rename(
            columns={"vid": "video"}
        )
        for part in ("gt", "pred")
    )
    return truth, found, sorted({*truth["video"], *found["video"]})


@pytest.mark.parametrize("name", SETS)
def test_every_listed_mode_gives_the_known_counts(name):
    expected = json.loads((PREDICTIONS / "expected_results.json").read_text())[name]
    modes = [mode for mode in expected if "/" in mode and isinstance(expected[mode], dict)]
    assert len(modes) == 10
    truth, found, videos = load(name)
    for mode in modes:
        typing, matching, threshold = mode.split("/")
        assert matching in MATCHINGS
        strict, typed = threshold == ">0.5", typing == "typed"
        protocol = choose_protocol("megc", matching, strict, typed)
        counts = count(truth, found, videos, protocol=protocol)
        for kind, known in expected[mode].items():
            tally = counts.tally(kind)
            assert tally == Tally(known["TP"], known["FP"], known["FN"]), (mode, kind)
            figures = (tally.precision, tally.recall, tally.f1)
            assert figures == pytest.approx((known["P"], known["R"], known["F1"]), abs=5e-5)


def test_lgsnet_as_published():
    truth, found, videos = load("lgsnet_casme2")
    tallies = count(truth, found, videos, protocol="lgsnet", fps=30.0).tallies()
    assert (tallies["mae"].tp, tallies["me"].tp) == (129, 2)
    assert tallies["mae"].tp + tallies["mae"].fp == 207
    assert tallies["overall"] == Tally(131, 77, 226)
    figures = tallies["overall"].as_dict()
    assert figures["precision"] == pytest.approx(0.629808, abs=5e-7)
    assert figures["recall"] == pytest.approx(0.366947, abs=5e-7)
    assert figures["f1"] == pytest.approx(0.463717, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "mae", "me"),
    [
        ("mdmd_casme2", (109, 1414, 191), (21, 5014, 36)),
        ("mdmd_samm_lv", (22, 334, 321), (29, 1407, 130)),
    ],
)
def test_the_megc2020_baseline_as_published(name, mae, me):
    tallies = count(*load(name), protocol="megc2020").tallies()
    assert tallies["mae"] == Tally(*mae)
    assert tallies["me"] == Tally(*me)
    assert tallies["overall"] == Tally(*mae) + Tally(*me)


def test_the_pooled_f1_of_both_sets_is_that_of_added_counts():
    pooled = sum(
        (count(*load(name), protocol="megc2020").tally() for name in SETS[1:]), Tally(0, 0, 0)
    )
    assert pooled == Tally(181, 8169, 678)
