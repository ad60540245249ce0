from __future__ import annotations

from collections import Counter

import pytest

from mespot.core.errors import MespotError
from mespot.tables.folds import subject_folds

NAMES = [f"{number:03d}" for number in range(10)]


def test_deterministic_and_independent_of_order():
    folds = subject_folds(NAMES, 3, seed=1)
    assert folds == subject_folds(NAMES[::-1] * 2, 3, seed=1)
    assert list(folds) == NAMES
    assert any(folds != subject_folds(NAMES, 3, seed=seed) for seed in range(2, 6))


@pytest.mark.parametrize("count", [2, 3, 4, 10])
def test_balanced_by_subjects(count):
    sizes = Counter(subject_folds(NAMES, count, seed=1).values())
    assert set(sizes) == set(range(count))
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_balanced_by_events():
    weights = dict(zip(NAMES, [50, 40, 1, 1, 1, 1, 1, 1, 9, 1], strict=True))
    folds = subject_folds(NAMES, 2, 1, weights)
    assert folds["000"] != folds["001"]
    sums = [sum(weights[name] for name in NAMES if folds[name] == fold) for fold in (0, 1)]
    assert abs(sums[0] - sums[1]) <= 10
    sizes = Counter(folds.values())
    assert sizes[0] == sizes[1] == 5


def test_more_folds_than_subjects_is_an_error():
    with pytest.raises(MespotError, match="data.folds: found 3, expected at most 2"):
        subject_folds(["a", "b"], 3, 0)


def test_loso_gives_every_subject_a_fold():
    assert sorted(subject_folds(NAMES, "loso", 0).values()) == list(range(len(NAMES)))
