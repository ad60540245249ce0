from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from mespot.classification.metrics import clip_metrics


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 8))
    truth = rng.integers(0, classes, 60)
    predicted = np.where(rng.random(60) < 0.6, truth, rng.integers(0, classes, 60))
    found = clip_metrics(truth, predicted, classes)
    assert found.clips == 60
    assert found.uar == pytest.approx(metrics.balanced_accuracy_score(truth, predicted))
    assert found.war == pytest.approx(metrics.accuracy_score(truth, predicted))
    for average in ("macro", "weighted"):
        expected = metrics.f1_score(truth, predicted, average=average)
        assert getattr(found, f"f1_{average}") == pytest.approx(expected)
    labels = range(classes)
    assert (found.confusion == metrics.confusion_matrix(truth, predicted, labels=labels)).all()
    recalls = metrics.recall_score(truth, predicted, labels=labels, average=None)
    np.testing.assert_allclose(found.recalls, recalls)


@pytest.mark.filterwarnings("ignore:y_pred contains classes")
def test_a_class_without_clips_is_left_out_of_uar_but_not_forgiven_as_prediction():
    truth, predicted = np.array([0, 0, 2, 2]), np.array([0, 1, 2, 2])
    found = clip_metrics(truth, predicted, 4)
    assert found.uar == metrics.balanced_accuracy_score(truth, predicted) == 0.75
    assert np.isnan(found.recalls[[1, 3]]).all()
    assert found.confusion[0, 1] == 1 and found.confusion.shape == (4, 4)
    assert found.f1_macro == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
