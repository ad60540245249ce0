from __future__ import annotations

import numpy as np
import pytest

from mespot.core.events import suppress
from mespot.slices.proposals import suppressed_scores


def _random(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 200, count)
    return np.stack([first, first + rng.integers(3, 40, count)], axis=1), rng.random(count)


@pytest.mark.parametrize("seed", range(4))
def test_hard_suppression_is_greedy_suppression_at_every_threshold(seed):
    spans, scores = _random(seed)
    left = suppressed_scores(spans, scores, 0.1, 0.3, soft=False)
    for threshold in (0.1, 0.4, 0.7):
        rows = np.flatnonzero(scores >= threshold)
        wanted = rows[suppress(spans[rows], scores[rows], 0.3)]
        assert np.flatnonzero(left >= threshold).tolist() == sorted(wanted.tolist())


def test_soft_suppression_weakens_by_overlap():
    spans, scores = np.array([[0, 9], [5, 14], [50, 59]]), np.array([0.9, 0.8, 0.7])
    left = suppressed_scores(spans, scores, 0.1, 0.5, soft=True)
    assert left[0] == 0.9 and left[2] == 0.7
    assert left[1] == pytest.approx(0.8 * np.exp(-((5 / 15 / 0.5) ** 2)))


def test_nothing_above_the_least_score_is_nothing():
    spans, scores = _random(0)
    assert not suppressed_scores(spans, scores, 1.1, 0.3, soft=False).any()
