from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mespot.core.errors import MespotError
from mespot.core.events import iou_matrix
from mespot.metric import F1Scorer, Protocol

VIDEOS = ["a", "b", "c"]


def tables():
    row = st.tuples(
        st.sampled_from(VIDEOS),
        st.one_of(st.integers(-5, 20), st.integers(17_000_000, 17_000_020)),
        st.integers(0, 14),
        st.sampled_from(["me", "mae"]),
    )
    return st.lists(row, max_size=14).map(
        lambda rows: {
            "video": np.array([r[0] for r in rows], dtype=object),
            "onset": np.array([r[1] for r in rows], dtype=np.int64),
            "offset": np.array([r[1] + r[2] for r in rows], dtype=np.int64),
            "type": np.array([r[3] for r in rows], dtype=object),
        }
    )


def iou_by_hand(event, predicted, extra):
    inter = min(event[1], predicted[1]) - max(event[0], predicted[0]) + extra
    union = max(event[1], predicted[1]) - min(event[0], predicted[0]) + extra
    return inter / union if inter > 0 else 0.0


@given(
    tables(),
    tables(),
    st.sampled_from(["frames", "span"]),
    st.sampled_from([0.01, 0.3, 0.5, 0.9, 1.0]),
    st.booleans(),
    st.booleans(),
)
def test_the_window_finds_every_pair(truth, found, overlap, min_iou, strict, typed):
    protocol = Protocol("x", "", "", overlap=overlap)
    scorer = F1Scorer(truth, VIDEOS, min_iou, typed, strict, protocol)
    pairs = scorer.candidates(scorer.read(found))
    expected = {}
    for e in range(len(truth["video"])):
        for p in range(len(found["video"])):
            if truth["video"][e] != found["video"][p]:
                continue
            if typed and truth["type"][e] != found["type"][p]:
                continue
            iou = iou_by_hand(
                (truth["onset"][e], truth["offset"][e]),
                (found["onset"][p], found["offset"][p]),
                1 if overlap == "frames" else 0,
            )
            if iou > min_iou or (iou == min_iou and not strict):
                expected[e, p] = iou
    keys = zip(pairs.truth.tolist(), pairs.predicted.tolist(), strict=True)
    assert dict(zip(keys, pairs.iou.tolist(), strict=True)) == pytest.approx(expected)


@given(tables(), tables())
def test_overlap_does_not_care_which_side_is_the_truth(one, other):
    def hits(truth, found):
        scorer = F1Scorer(truth, VIDEOS, 0.3)
        pairs = scorer.candidates(scorer.read(found))
        return pairs.truth, pairs.predicted, pairs.iou

    a, b = hits(one, other), hits(other, one)
    assert sorted(zip(a[0], a[1], a[2], strict=True)) == sorted(zip(b[1], b[0], b[2], strict=True))
    matrix = iou_matrix([[0, 9]], [[3, 30]])
    assert matrix == iou_matrix([[3, 30]], [[0, 9]]).T


@pytest.mark.parametrize("min_iou", [0.0, -0.1, 1.01, float("nan")])
def test_a_threshold_outside_its_range_is_named(min_iou):
    none = {name: [] for name in ("video", "onset", "offset", "type")}
    with pytest.raises(MespotError, match="min_iou: found .* expected more than 0 and at most 1"):
        F1Scorer(none, VIDEOS, min_iou)
