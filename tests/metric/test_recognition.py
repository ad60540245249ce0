from __future__ import annotations

import numpy as np
import pytest

from mespot.metric import F1Scorer, recognise, spotted_pairs


def test_means_of_classes_not_of_pairs():
    true = np.array(["negative"] * 4 + ["positive", "surprise"])
    predicted = np.array(["negative"] * 3 + ["positive", "positive", "negative"])
    result = recognise(true, predicted, ["negative", "positive", "surprise"])
    precision = (3 / 4 + 1 / 2 + 0) / 3
    recall = (3 / 4 + 1 + 0) / 3
    assert result.precision == pytest.approx(precision)
    assert result.recall == pytest.approx(recall)
    assert result.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert result.uf1 == pytest.approx((6 / 8 + 2 / 3 + 0) / 3)
    assert result.pairs == 6


def test_a_true_class_outside_the_list_leaves_the_pair_out():
    true = np.array(["negative", "others", "positive"])
    predicted = np.array(["negative", "negative", "others"])
    result = recognise(true, predicted, ["negative", "positive"])
    assert result.pairs == 2
    assert (result.precision, result.recall) == (0.5, 0.5)
    assert recognise(true, predicted).classes == ("negative", "others", "positive")


def test_nothing_spotted_is_zero():
    none = np.zeros(0, dtype=str)
    assert recognise(none, none, ["negative"]).f1 == 0.0
    assert recognise(none, none).uf1 == 0.0


def test_an_event_belongs_to_the_first_prediction_that_hits_it():
    truth = {"video": ["a"], "onset": [10], "offset": [19], "type": ["me"]}
    found = {
        "video": ["a", "a"],
        "onset": [12, 10],  # the second row overlaps better
        "offset": [19, 19],
        "type": ["me", "me"],
    }
    scorer = F1Scorer(truth, ["a"])
    pairs = spotted_pairs(scorer.candidates(scorer.read(found)))
    assert pairs.predicted.tolist() == [0]
