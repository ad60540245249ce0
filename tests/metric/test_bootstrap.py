from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.metric import draw_weights, f1_interval, paired_difference


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_weights_are_resamples_and_repeat():
    weights = draw_weights(5, 200, rng())
    assert weights.shape == (200, 5)
    assert (weights.sum(axis=1) == 5).all()
    assert np.array_equal(weights, draw_weights(5, 200, rng()))
    assert weights.mean(axis=0) == pytest.approx(np.ones(5), abs=0.25)


def test_interval_agrees_with_plain_resampling():
    table = np.random.default_rng(0).integers(0, 9, size=(12, 3))
    interval = f1_interval(table, draw_weights(12, 4000, rng()), 0.9)
    drawn = []
    other = np.random.default_rng(9)
    for _ in range(4000):
        tp, fp, fn = table[other.integers(0, 12, 12)].sum(axis=0)
        drawn.append(2 * tp / (2 * tp + fp + fn))
    low, high = np.quantile(drawn, [0.05, 0.95])
    assert interval.low == pytest.approx(low, abs=0.01)
    assert interval.high == pytest.approx(high, abs=0.01)
    assert interval.low < interval.value < interval.high


def test_equal_subjects_leave_no_doubt_and_more_subjects_less():
    same = np.tile([2, 1, 1], (6, 1))
    interval = f1_interval(same, draw_weights(6, 100, rng()))
    assert interval.low == interval.value == interval.high == pytest.approx(4 / 6)
    mixed = np.array([[4, 0, 0], [0, 2, 3]])
    few = f1_interval(np.tile(mixed, (3, 1)), draw_weights(6, 1000, rng()))
    many = f1_interval(np.tile(mixed, (30, 1)), draw_weights(60, 1000, rng()))
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_paired_difference_sees_a_steady_gain_that_single_intervals_hide():
    noise = np.random.default_rng(1).integers(0, 20, size=15)
    weaker = np.stack([noise, np.full(15, 6), 26 - noise], axis=1)
    better = weaker + [1, -1, -1]
    weights = draw_weights(15, 1000, rng())
    one, other = f1_interval(better, weights), f1_interval(weaker, weights)
    assert one.low < other.high
    difference = paired_difference(better, weaker, weights)
    assert 0 < difference.low < difference.value < difference.high
    assert difference.value == pytest.approx(one.value - other.value)
    assert paired_difference(better, better, weights).high == 0.0


@pytest.mark.parametrize(("subjects", "draws"), [(0, 10), (3, 0)])
def test_nothing_to_draw_is_an_error(subjects, draws):
    with pytest.raises(MespotError, match="bootstrap: found"):
        draw_weights(subjects, draws, rng())
