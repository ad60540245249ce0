from __future__ import annotations

import numpy as np
import pytest

from mespot.training.sampling.labels import overlap_labels

EVENTS = np.array([[10.0, 10.3], [20.0, 24.0]])
KINDS = np.array([0, 1])


def _label(start, span):
    return overlap_labels(start, span, EVENTS, KINDS, 0.2, 0.6).tolist()


def test_a_clip_inside_a_long_event_is_a_full_positive():
    assert _label(21.0, 0.5) == [0, 1]


def test_a_clip_that_contains_a_short_event_is_a_full_positive():
    assert _label(9.0, 2.0) == [1, 0]


def test_far_away_and_touching_clips_are_negative():
    assert _label(0.0, 2.0) == [0, 0]
    assert _label(8.0, 2.0) == [0, 0]
    assert _label(19.55, 0.5) == [0, 0]  # 10 % of the clip


def test_the_label_rises_linearly_over_the_rim():
    assert _label(19.7, 0.5)[1] == pytest.approx((0.4 - 0.2) / 0.4, abs=1e-5)
    assert _label(19.8, 0.5)[1] == pytest.approx(1, abs=1e-5)


def test_both_types_may_be_there():
    both = overlap_labels(0, 2, np.array([[0.5, 0.8], [0.2, 3]]), KINDS, 0.2, 0.6)
    assert both.tolist() == [1, 1]


def test_no_events():
    empty = overlap_labels(0, 2, np.empty((0, 2)), np.empty(0, np.int64), 0.2, 0.6)
    assert empty.tolist() == [0, 0]


def test_only_the_middle_of_a_clip_counts_where_it_is_told_so():
    for start in np.arange(18.0, 25.0, 0.13):
        whole = overlap_labels(start + 0.8, 0.4, EVENTS, KINDS, 0.2, 0.6)
        assert np.allclose(overlap_labels(start, 2.0, EVENTS, KINDS, 0.2, 0.6, core=0.2), whole)
    assert overlap_labels(8.2, 2.0, EVENTS, KINDS, 0.2, 0.6, core=0.2).tolist() == [0, 0]
