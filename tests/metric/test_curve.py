from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mespot.core.errors import MespotError
from mespot.metric import (
    F1Scorer,
    Protocol,
    average_precision,
    choose_protocol,
    count,
    precision_recall,
)

VIDEOS = ["a", "b"]


def scored_rows():
    row = st.tuples(
        st.sampled_from(VIDEOS),
        st.integers(0, 15),
        st.integers(0, 9),
        st.sampled_from(["me", "mae"]),
        st.sampled_from([0.1, 0.4, 0.6, 0.9]),
    ).map(lambda v: (v[0], v[1], v[1] + v[2], v[3], v[4]))
    return st.lists(row, max_size=14).map(
        lambda found: pd.DataFrame(found, columns=["video", "onset", "offset", "type", "score"])
    )


@given(scored_rows(), scored_rows(), st.booleans())
def test_every_point_is_the_score_of_the_predictions_kept_there(truth, predictions, typed):
    curves = precision_recall(F1Scorer(truth, VIDEOS, 0.3, typed), predictions)
    assert set(curves) == ({"me", "mae", "overall"} if typed else {"overall"})
    for name, curve in curves.items():
        assert (np.diff(curve.score) < 0).all()
        for score, precision, recall in zip(
            curve.score, curve.precision, curve.recall, strict=True
        ):
            kept = predictions[predictions["score"] >= score]
            tally = count(truth, kept, VIDEOS, 0.3, typed).tally(name)
            assert (precision, recall) == (tally.precision, tally.recall)


def test_average_precision_of_a_known_ranking():
    truth = {"video": ["a", "a"], "onset": [0, 50], "offset": [9, 59], "type": ["me", "me"]}
    predictions = {
        "video": ["a", "a", "a"],
        "onset": [0, 20, 50],
        "offset": [9, 29, 59],
        "type": ["me", "me", "me"],
        "score": [0.9, 0.5, 0.2],
    }
    curve = precision_recall(F1Scorer(truth, VIDEOS), predictions)["me"]
    assert curve.precision.tolist() == pytest.approx([1.0, 0.5, 2 / 3])
    assert curve.recall.tolist() == [0.5, 0.5, 1.0]
    assert average_precision(curve) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_nothing_predicted_is_an_empty_curve():
    truth = {"video": ["a"], "onset": [0], "offset": [9], "type": ["me"]}
    none = {name: [] for name in ("video", "onset", "offset", "type", "score")}
    curve = precision_recall(F1Scorer(truth, VIDEOS), none)["overall"]
    assert curve.score.size == 0
    assert average_precision(curve) == 0.0


@settings(max_examples=40)
@given(
    scored_rows(),
    scored_rows(),
    st.sampled_from(["optimal", "voc", "gt_loop", "every_pair"]),
    st.sampled_from(["all", "of_class"]),
    st.sampled_from(["label", "length", "none"]),
)
def test_every_protocol_with_a_curve_agrees_with_its_counts(
    truth, predictions, matching, videos, typing
):
    protocol = Protocol("x", "", "", matching, videos=videos, typing=typing)
    scorer = F1Scorer(truth, VIDEOS, 0.3, protocol=protocol, fps=10.0)
    for name, curve in precision_recall(scorer, predictions).items():
        if (matching, typing) == ("optimal", "length") and name != "overall":
            continue  # largest matchings may differ in the lengths of the events that they hit
        for score, precision, recall in zip(
            curve.score, curve.precision, curve.recall, strict=True
        ):
            tally = scorer.score(predictions[predictions["score"] >= score]).tally(name)
            assert (precision, recall) == pytest.approx((tally.precision, tally.recall))


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        (choose_protocol("softnet"), "curve: found protocol softnet, where FP or videos depend"),
        (choose_protocol("strs"), "curve: found protocol strs"),
        (choose_protocol("ustc"), "curve: found matching distinct, where a further prediction"),
        (choose_protocol("megc", "greedy_iou"), "curve: found matching greedy_iou"),
    ],
)
def test_protocols_without_a_curve_say_so(protocol, message):
    none = {name: [] for name in ("video", "onset", "offset", "type", "score")}
    scorer = F1Scorer(none, VIDEOS, protocol=protocol, subjects=VIDEOS)
    with pytest.raises(MespotError, match=message):
        precision_recall(scorer, none)


def test_many_identical_rows_need_no_deep_recursion():
    n = 1200
    rows = {
        "video": ["a"] * n,
        "onset": [5] * n,
        "offset": [9] * n,
        "type": ["me"] * n,
        "score": np.linspace(1, 0, n),
    }
    curve = precision_recall(F1Scorer(rows, VIDEOS), rows)["me"]
    assert curve.recall[-1] == curve.precision[-1] == 1.0
