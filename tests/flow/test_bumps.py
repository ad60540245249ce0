"""Bumps: their scores, which of them a stretch is like, and that they are found."""

from __future__ import annotations

import numpy as np
import pytest

from mespot.flow.bumps import Bumps, Traced, find_bumps, score_of
from mespot.flow.edges import Bump
from mespot.params import load_params
from tests.flow.plain import bump, moving, plain_signals, up

PARAMS = load_params().flow
FPS = 25.0
TIME = np.arange(0, 12, 1 / FPS)


def test_score_is_monotone_and_half_at_the_border():
    def score(level, amplitude=1.0, departure=100.0, seconds=0.3, confidence=1.0):
        bump = Bump(0.0, 0.1, seconds, amplitude, "brow_mid_r", departure)
        return score_of(Traced(level, bump, "", confidence), PARAMS)

    levels = np.geomspace(1, 500, 20)
    assert (np.diff([score(level) for level in levels]) > 0).all()
    assert score(PARAMS.threshold) == pytest.approx(0.5, abs=0.01)
    assert score(1e6, PARAMS.least_amplitude) == pytest.approx(0.5, abs=0.01)
    assert score(1e6, 0.01, seconds=3.0) < score(1e6, 0.01)
    assert score(1e6, confidence=0.5) == pytest.approx(0.5, abs=0.01)
    assert score(1e6, confidence=0.9) > 0.95 > 0.05 > score(1e6, confidence=0.1)


def test_bumps_are_found_where_they_are_and_in_order():
    spans = ((4.0, 4.4, 0.15, 0.02), (7.0, 8.0, 0.3, 0.06), (8.0, 9.0, 0.3, 0.06))
    signals = moving(TIME, lip_corner=up(sum(bump(TIME, *span) for span in spans)))
    bumps = find_bumps(signals, PARAMS)
    assert (np.diff(bumps.first) >= 0).all() and (bumps.last >= bumps.first).all()
    assert bumps.first.min() >= 0 and bumps.last.max() < len(TIME)
    strong = bumps.score >= 0.5
    for start, end, *_ in spans:
        first, last = round(start * FPS), round(end * FPS)
        both = np.minimum(bumps.last, last) - np.maximum(bumps.first, first) + 1
        either = np.maximum(bumps.last, last) - np.minimum(bumps.first, first) + 1
        assert (both / either)[strong].max() > 0.7, start
    assert (bumps.departure[strong] > PARAMS.least_departure).all()


def test_a_still_face_has_none_that_is_sure():
    assert (find_bumps(moving(TIME), PARAMS).score < 0.5).all()
    assert len(find_bumps(plain_signals(TIME), PARAMS).first) == 0


def test_a_stretch_is_described_by_the_bump_that_it_is_most_like():
    bumps = Bumps(
        np.array([10, 12, 100]), np.array([29, 51, 119]), np.array([0.9, 0.3, 0.6]),
        np.array([8.0, 4.0, 80.0]),
    )  # fmt: skip
    first, last = np.array([10, 12, 104, 300, 25, 0]), np.array([29, 51, 123, 320, 60, 400])
    found = bumps.at(first, last)
    np.testing.assert_allclose(found["bump_score"], [0.9, 0.3, 0.6, 0.0, 0.3, 0.0])
    np.testing.assert_allclose(found["bump_fit"], [1.0, 1.0, 16 / 24, 0.0, 27 / 49, 0.0])
    np.testing.assert_allclose(
        found["bump_departure"], np.log1p([8.0, 4.0, 50.0, 0.0, 4.0, 0.0])
    )  # how far it goes is told up to 50
    for name, values in found.items():  # one at a time
        alone = [bumps.at(first[[i]], last[[i]])[name][0] for i in range(len(first))]
        np.testing.assert_array_equal(alone, values)


def test_of_two_bumps_the_surer_counts():
    bumps = Bumps(np.array([10, 10]), np.array([29, 33]), np.array([0.2, 0.8]), np.ones(2))
    found = bumps.at(np.array([10]), np.array([29]))
    assert found["bump_score"] == 0.8 and found["bump_fit"] == pytest.approx(20 / 24)


def test_without_bumps_or_stretches_there_is_nothing():
    none, some = np.empty(0, np.int64), np.array([3, 4])
    assert not any(v.any() for v in Bumps(none, none, none, none).at(some, some + 9).values())
    one = Bumps(some, some + 9, np.ones(2), np.ones(2))
    assert [len(values) for values in one.at(none, none).values()] == [0, 0, 0]
