from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mespot.core.errors import MespotError
from mespot.metric import F1Scorer, Tally, count, f1_score, match

VIDEOS = ["a", "b", "c"]


def table(*rows):
    return pd.DataFrame(rows, columns=["video", "onset", "offset", "type"])


def rows():
    row = st.tuples(
        st.sampled_from(VIDEOS),
        st.integers(0, 20),
        st.integers(0, 12),
        st.sampled_from(["me", "mae"]),
    ).map(lambda v: (v[0], v[1], v[1] + v[2], v[3]))
    return st.lists(row, max_size=12).map(lambda found: table(*found))


@given(rows(), rows(), st.booleans(), st.booleans())
def test_equals_matching_video_by_video(truth, predictions, typed, strict):
    counts = count(truth, predictions, VIDEOS, typed=typed, strict=strict)
    hits = 0
    for video in VIDEOS:
        for types in (["me"], ["mae"]) if typed else (["me", "mae"],):
            one, other = (
                t[(t["video"] == video) & t["type"].isin(types)][["onset", "offset"]].to_numpy()
                for t in (truth, predictions)
            )
            hits += len(match(one, other, strict=strict))
    overall = counts.tally()
    assert overall == Tally(hits, len(predictions) - hits, len(truth) - hits)
    if typed:
        assert counts.tally("me") + counts.tally("mae") == overall


@given(rows(), rows())
def test_types_can_only_cost_hits(truth, predictions):
    typed = count(truth, predictions, VIDEOS).tally()
    assert typed.tp <= count(truth, predictions, VIDEOS, typed=False).tally().tp


def test_predictions_in_a_video_without_events_are_false_positives():
    counts = count(table(("a", 0, 9, "me")), table(("b", 0, 9, "me"), ("a", 0, 9, "me")), VIDEOS)
    assert counts.tally() == Tally(1, 1, 0)
    assert counts.table.sum(axis=1).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_me_inside_mae_is_hit_by_its_own_type_only():
    truth = table(("a", 0, 19, "mae"), ("a", 4, 15, "me"))
    swapped = table(("a", 0, 19, "me"), ("a", 4, 15, "mae"))
    assert count(truth, swapped, VIDEOS).tallies() == {
        "me": Tally(1, 0, 0),  # 12 of 20 frames are above the threshold all the same
        "mae": Tally(1, 0, 0),
        "overall": Tally(2, 0, 0),
    }
    short = table(("a", 6, 13, "mae"))
    assert count(truth, short, VIDEOS).tally() == Tally(0, 1, 2)
    assert count(truth, short, VIDEOS, typed=False).tallies() == {"overall": Tally(1, 0, 1)}


def test_ratios_are_zero_where_undefined():
    tally = count(table(), table(), VIDEOS).tally("me")
    assert tally.as_dict() == {
        "tp": 0,
        "fp": 0,
        "fn": 0,
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
    }
    assert Tally(1, 1, 2).as_dict() == {
        "tp": 1,
        "fp": 1,
        "fn": 2,
        "precision": 0.5,
        "recall": pytest.approx(1 / 3),
        "f1": pytest.approx(0.4),
    }
    np.testing.assert_allclose(f1_score(np.array([[1, 1, 2], [0, 0, 0]])), [0.4, 0.0])


def test_subjects_pool_their_videos():
    truth = table(("a", 0, 9, "me"), ("b", 0, 9, "mae"), ("c", 0, 9, "me"))
    counts = count(truth, truth.iloc[:2], VIDEOS)
    names, tables = counts.by_subject(["s2", "s1", "s2"])
    assert names == ["s1", "s2"]
    assert tables["me"].tolist() == [[0, 0, 0], [1, 0, 1]]
    assert tables["overall"].tolist() == [[1, 0, 0], [1, 0, 1]]
    with pytest.raises(MespotError, match="found 2, expected one for each of 3"):
        counts.by_subject(["s1", "s2"])


def test_plain_arrays_give_the_same_counts():
    truth = table(("a", 0, 9, "me"), ("b", 3, 30, "mae"))
    arrays = {name: truth[name].to_numpy() for name in truth.columns}
    assert F1Scorer(arrays, VIDEOS).score(arrays).tally() == Tally(2, 0, 0)


@pytest.mark.parametrize(
    ("truth", "predictions", "message"),
    [
        ([], [("z", 0, 9, "me")], "predictions: video 'z' is not in the list of 3 videos"),
        ([("y", 0, 9, "me")], [], "truth: video 'y' is not in the list of 3 videos"),
        ([], [("a", 9, 3, "me")], "predictions: row 0: offset 3 and onset 9"),
        ([], [("a", 0, 3, "micro")], "predictions: row 0, type: found 'micro', expected me or mae"),
    ],
)
def test_bad_rows_are_named(truth, predictions, message):
    with pytest.raises(MespotError, match=message):
        count(table(*truth), table(*predictions), VIDEOS)


def test_bad_list_and_protocol_are_named():
    with pytest.raises(MespotError, match="'a' is listed twice"):
        count(table(), table(), ["a", "a"])
    with pytest.raises(MespotError, match="protocol: found 'best', expected megc"):
        count(table(), table(), VIDEOS, protocol="best")
