from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mespot.core.events import iou_matrix
from mespot.metric import match


def intervals(max_size: int = 5):
    one = st.tuples(st.integers(-3, 25), st.integers(0, 12)).map(lambda v: (v[0], v[0] + v[1]))
    return st.lists(one, max_size=max_size).map(
        lambda rows: np.array(rows, dtype=np.int64).reshape(-1, 2)
    )


thresholds = st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0])


def best_by_brute_force(truth: np.ndarray, predicted: np.ndarray, min_iou: float):
    """Largest size, then largest total IoU, over every assignment."""
    iou = iou_matrix(truth, predicted)
    if iou.shape[0] > iou.shape[1]:
        iou = iou.T
    best = (0, 0.0)
    for columns in permutations(range(iou.shape[1]), iou.shape[0]):
        chosen = iou[np.arange(iou.shape[0]), list(columns)]
        chosen = chosen[chosen >= min_iou]
        best = max(best, (chosen.size, round(float(chosen.sum()), 9)))
    return best


@given(intervals(), intervals(), thresholds)
def test_is_the_largest_matching_with_the_largest_overlap(truth, predicted, min_iou):
    pairs = match(truth, predicted, min_iou)
    total = iou_matrix(truth, predicted)[pairs[:, 0], pairs[:, 1]].sum()
    assert (len(pairs), round(float(total), 9)) == best_by_brute_force(truth, predicted, min_iou)


@given(intervals(), intervals(), thresholds)
def test_is_one_to_one_and_each_pair_overlaps_enough(truth, predicted, min_iou):
    pairs = match(truth, predicted, min_iou)
    assert len(pairs) <= min(len(truth), len(predicted))
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    assert (iou_matrix(truth, predicted)[pairs[:, 0], pairs[:, 1]] >= min_iou).all()


@given(intervals(), intervals(), thresholds)
def test_swapping_both_sides_keeps_the_number_of_hits(truth, predicted, min_iou):
    assert len(match(truth, predicted, min_iou)) == len(match(predicted, truth, min_iou))


@given(intervals(), intervals())
def test_a_higher_threshold_never_gives_more_hits(truth, predicted):
    hits = [len(match(truth, predicted, value)) for value in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert hits == sorted(hits, reverse=True)
    assert len(match(truth, predicted, 0.5, strict=True)) <= hits[2]


@pytest.mark.parametrize(
    ("truth", "predicted", "hits", "strict_hits"),
    [
        ([[0, 9]], [[0, 4]], 1, 0),  # IoU exactly 0.5
        ([[0, 9]], [[0, 3]], 0, 0),
        ([[5, 5]], [[5, 5]], 1, 1),  # one frame
        ([[1, 10]], [[-2, 10]], 1, 1),  # starts before the first frame
        ([[0, 9], [10, 19]], [[0, 19]], 1, 0),  # one prediction over two events
        ([[0, 9]], [[0, 9], [0, 9]], 1, 1),  # identical predictions
        ([[0, 9]], np.zeros((0, 2)), 0, 0),
        (np.zeros((0, 2)), [[0, 9]], 0, 0),
    ],
)
def test_edge_cases(truth, predicted, hits, strict_hits):
    assert len(match(truth, predicted)) == hits
    assert len(match(truth, predicted, strict=True)) == strict_hits


def test_taking_the_best_pair_first_would_lose_a_hit():
    truth = np.array([[0, 19], [6, 19]])
    predicted = np.array([[2, 19], [0, 12]])
    # event 0 and prediction 0 overlap best, but then event 1 and prediction 1 stay alone
    iou = iou_matrix(truth, predicted)
    assert iou.argmax() == 0 and iou[1, 1] < 0.5
    assert match(truth, predicted).tolist() == [[0, 1], [1, 0]]
