from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mespot.fusion.calibration import Sigmoid, calibrated, fit_sigmoid, reliability


def test_calibration_rises_and_recovers_the_truth():
    rng = np.random.default_rng(0)
    score = rng.random(4000)
    truth = Sigmoid(1.7, -0.6)
    fitted = fit_sigmoid(score, rng.random(4000) < truth.apply(score))
    tried = np.linspace(0, 1, 21)
    assert np.abs(fitted.apply(tried) - truth.apply(tried)).max() < 0.05
    assert (np.diff(fitted.apply(tried)) >= 0).all()
    assert np.isfinite(fitted.apply(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize(
    ("score", "hit", "share"),
    [
        ([0.1, 0.9], [1, 1], 0.75),  # hits alone
        ([0.1, 0.9], [0, 0], 0.25),
        ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], 0.5),  # a higher score means fewer hits
        ([], [], 0.5),
    ],
)
def test_without_anything_to_learn_every_score_means_the_same(score, hit, share):
    fitted = fit_sigmoid(np.array(score), np.array(hit))
    assert fitted.slope == 0.0
    np.testing.assert_allclose(fitted.apply(np.array([0.0, 0.4, 1.0])), share)


def test_separated_scores_stay_short_of_certainty():
    fitted = fit_sigmoid(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    assert 0.5 < fitted.apply(np.array([0.9]))[0] < 0.99


def test_each_type_has_its_own_calibration():
    table = pd.DataFrame({"type": ["me", "mae"], "score": [0.5, 0.5]})
    found = calibrated(table, {"me": Sigmoid(1.0, 0.0), "mae": Sigmoid(1.0, np.log(3.0))})
    assert found["score"].tolist() == pytest.approx([0.5, 0.75])
    assert table["score"].tolist() == [0.5, 0.5]


def test_reliability_counts_what_came_true():
    kinds = np.array(["me", "me", "me", "mae"])
    predicted = np.array([0.12, 0.18, 1.0, 0.5])
    table, figures = reliability(kinds, predicted, np.array([0, 1, 1, 0]), 10)
    rows = table[table["type"] == "me"].drop(columns="type").values.tolist()
    assert rows == [[1, pytest.approx(0.15), 0.5, 2], [9, 1.0, 1.0, 1]]
    figures = figures.set_index("type")
    assert figures.loc["me", "ece"] == pytest.approx(2 / 3 * 0.35)
    assert figures.loc["mae"].tolist() == [0.5, 0.25, 1]
    assert figures.loc["overall", "count"] == 4
    _, empty = reliability(kinds[:0], predicted[:0], predicted[:0], 10)
    assert empty["ece"].tolist() == empty["brier"].tolist() == [0.0, 0.0, 0.0]
