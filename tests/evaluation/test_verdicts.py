from __future__ import annotations

import numpy as np
import pandas as pd

from mespot.evaluation.strata import f1_by_bin, seconds_of, span_means, tertile_edges
from mespot.evaluation.verdicts import judge, mark_hits
from mespot.metric import F1Scorer

VIDEOS = ["a", "b", "c"]


def random_tables(seed):
    rng = np.random.default_rng(seed)

    def table(count, **more):
        onset = rng.integers(0, 150, count)
        return pd.DataFrame(
            {
                "video": rng.choice(VIDEOS, count),
                "onset": onset,
                "offset": onset + rng.integers(3, 30, count),
                "type": rng.choice(["me", "mae"], count),
                **more,
            }
        )

    return table(25), table(30, score=rng.random(30))


def test_verdicts_are_the_counts_of_the_metric():
    for seed in range(20):
        events, found = random_tables(seed)
        tally = F1Scorer(events, VIDEOS).score(found).tally()
        verdicts = judge(events, found, 0.5)["verdict"].value_counts()
        assert verdicts.get("hit", 0) == tally.tp
        assert verdicts.get("false", 0) == tally.fp
        assert verdicts.get("miss", 0) == tally.fn


def test_a_row_says_what_was_matched():
    events = pd.DataFrame(
        {"video": ["a", "b"], "onset": [10, 5], "apex": [12, 7], "offset": [19, 9],
         "type": ["me", "mae"]}
    )  # fmt: skip
    found = pd.DataFrame(
        {"video": ["a", "a"], "onset": [12, 60], "offset": [19, 69], "type": ["me", "me"],
         "score": [0.9, 0.4]}
    )  # fmt: skip
    rows = judge(events, found, 0.5).set_index("verdict")
    assert rows.loc["hit", ["video", "onset", "apex", "offset"]].tolist() == ["a", 10, 12, 19]
    assert rows.loc["hit", ["found_onset", "found_offset"]].tolist() == [12, 19]
    assert rows.loc["hit", "iou"] == 0.8 and rows.loc["hit", "score"] == 0.9
    assert rows.loc["miss", ["video", "found_onset", "iou"]].tolist() == ["b", -1, 0.0]
    assert rows.loc["false", ["onset", "found_onset", "score"]].tolist() == [-1, 60, 0.4]


def test_bins_add_up_and_hold_their_own():
    events, found = random_tables(1)
    verdicts = judge(events, found, 0.5).assign(branch="flow")
    seconds = seconds_of(verdicts, dict.fromkeys(VIDEOS, 10.0))
    table = f1_by_bin(verdicts, seconds, (1.0, 2.0), "s")
    assert table["bin"].tolist() == ["< 1 s", "1 - 2 s", ">= 2 s"]
    tally = F1Scorer(events, VIDEOS).score(found).tally()
    assert table[["tp", "fp", "fn"]].sum().tolist() == [tally.tp, tally.fp, tally.fn]
    short = verdicts[(seconds < 1.0) & (verdicts["verdict"] != "false")]
    assert table[["tp", "fn"]].iloc[0].sum() == len(short)
    row = table.iloc[1]
    assert row["f1"] == 2 * row["tp"] / (2 * row["tp"] + row["fp"] + row["fn"])


def test_span_means_of_thinned_frames():
    frames, values = np.array([0, 4, 8, 12]), np.array([1.0, 2.0, 3.0, 4.0])
    spans = np.array([[0, 4], [5, 6], [8, 99], [50, 60]])
    assert span_means(frames, values, spans).tolist() == [1.5, 3.0, 3.5, 4.0]
    assert tertile_edges(np.array([])) == []
    assert tertile_edges(np.array([1.0, 2.0, 3.0, 4.0])) == [2.0, 3.0]


def test_marks_hits_as_they_were_matched():
    """Of two equal intervals one is the hit; the same frames in another branch or type are not."""
    columns = ["branch", "video", "onset", "offset", "type", "score"]
    rows = [
        ("flow", "a", 10, 20, "me", 0.9), ("flow", "a", 10, 20, "me", 0.8),
        ("flow", "a", 10, 20, "mae", 0.7), ("model", "a", 10, 40, "me", 0.6),
        ("flow", "b", 10, 20, "me", 0.5),
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    events = pd.DataFrame({"video": ["a"], "onset": [10], "offset": [20], "type": ["me"]})
    verdicts = pd.concat(
        judge(events, part, 0.5).assign(branch=name) for name, part in found.groupby("branch")
    )
    assert mark_hits(found, verdicts)["hit"].tolist() == [True, False, False, False, False]
    assert mark_hits(found.iloc[:0], verdicts)["hit"].dtype == bool
