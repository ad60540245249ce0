"""Counting all settings at once gives what one setting after the other gives."""

from __future__ import annotations

import numpy as np
import pytest

from mespot.core.events import TYPES
from mespot.metric import F1Scorer
from mespot.search.model_branch import SliceScores, intervals_of, model_output, stored_step
from mespot.search.setting import CurveSetting, ProposalSetting, read_setting
from mespot.search.space import SearchGrid, pooled_with_neighbours, search_grids
from mespot.search.sweep import Sweep
from mespot.slices.cut import slice_starts
from tests.search.world import world


@pytest.mark.parametrize("kind", TYPES)
def test_counts_are_those_of_each_setting_alone(params, kind):
    videos, events, slices, _, _ = world(5, subjects=3, model_noise=0.8)
    grid = getattr(params.grid, kind).model_copy(
        update={"thresholds": (0.3, 0.55, 0.8), "lows": (1.0, 0.5), "min_length": (0.0, 0.3)}
    )
    scorer = F1Scorer(events, videos["video"].tolist())
    sweep = Sweep(videos, scorer, slices, (0.5, 2.0), kind, params.grid.rate)
    rng = np.random.default_rng(0)
    for search_grid in search_grids((0.5, 2.0), grid, 0.25):
        counts = np.concatenate(list(sweep.counts(search_grid)))
        assert counts.shape == (len(search_grid), 3, 3) and counts[..., 0].max() > 0
        for index in rng.choice(len(search_grid), 25, replace=False):
            setting = search_grid.setting(int(index))
            table = intervals_of(
                videos, slices, (0.5, 2.0), kind, [setting] * len(videos), params.grid.rate
            )
            wanted = scorer.score(table).table[:, scorer.types.index(kind)]  # one video per subject
            np.testing.assert_array_equal(counts[index], wanted)


def test_settings_and_columns_of_a_box_agree_and_survive_json(params):
    for search_grid in search_grids((0.5, 2.0), params.grid.me, 0.25):
        columns = {name: search_grid.column(name) for name in search_grid.axes}
        for index in (0, len(search_grid) // 3, len(search_grid) - 1):
            setting = search_grid.setting(index)
            assert all(getattr(setting, name) == columns[name][index] for name in columns)
            assert read_setting(setting.as_dict()) == setting


def test_neighbours_favour_a_plateau_over_a_lone_peak():
    search_grid = SearchGrid(
        CurveSetting, {"granularity": (0.5,), "threshold": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)}
    )
    hits = np.array([9, 1, 1, 8, 8, 8])
    counts = np.stack([hits, np.zeros(6), 10 - hits], axis=1)
    pooled = pooled_with_neighbours(counts, search_grid)
    assert pooled[:, 0].argmax() == 4
    np.testing.assert_allclose(pooled.sum(axis=1), 10)


def test_a_coarser_step_is_a_choice_among_the_stored_slices():
    for duration in (0.2, 3.0, 7.3, 10.0):
        start = slice_starts(duration, 0.7, 0.25)
        slices = SliceScores(0.7, start, np.arange(len(start))[:, None, None] * np.ones((1, 1, 2)))
        kept = slices.at_step(0.5)
        np.testing.assert_allclose(kept.start, slice_starts(duration, 0.7, 0.5), atol=1e-9)
        assert len(kept.scores) == len(kept.start)
        assert slices.at_step(0.25).start.tolist() == start.tolist()
    assert stored_step({0.7: {"v": slices}}) == 0.25


def test_proposals_take_the_better_of_two_overlapping_lengths():
    start = np.array([0.0, 1.0])
    scores = np.zeros((2, 1, 2))
    fine = SliceScores(0.5, start, scores + [[[0.2, 0.0]], [[0.9, 0.0]]])
    coarse = SliceScores(0.8, start, scores + [[[0.6, 0.0]], [[0.7, 0.0]]])
    setting = ProposalSetting(0.5, (0.5, 0.8), 1.0, "hard", 0.1, 0.5)
    found = model_output(
        "v", 10.0, 30, {0.5: fine, 0.8: coarse}, (0.5,), "me", setting, 50.0, margin=0.4
    )
    table = found.intervals[["onset", "offset", "score"]].values.tolist()
    assert table == [[0, 7, 0.6], [10, 14, 0.9]]
    assert len(found.near) == 2 and len(found.scores) == 150


def near_misses(setting, scores, margin):
    """Spans and scores at and below the operating point; slices of 1 s, one after the other."""
    start = np.arange(len(scores), dtype=np.float64)
    known = np.array(scores)[:, None, None] * np.ones((1, 1, 2))
    found = model_output(
        "v", 10.0, 10 * len(scores), {1.0: SliceScores(1.0, start, known)}, (0.5,), "me", setting,
        10.0, margin,
    )  # fmt: skip
    tables = found.intervals, found.near
    return [table["score"].round(6).tolist() for table in tables]


def test_near_misses_lie_below_the_threshold_by_the_margin_at_most():
    scores = [0.0, 0.9, 0.0, 0.45, 0.0, 0.3, 0.0]
    curve = CurveSetting(0.5, 1.0, 1.0, "mean", 0.0, "absolute", 0.5, 1.0, 0.0, 0.1, 2.0)
    proposal = ProposalSetting(0.5, (1.0,), 1.0, "hard", 0.1, 0.5)
    for setting in (curve, proposal):
        assert near_misses(setting, scores, 0.0) == [[0.9], [0.9]]
        assert near_misses(setting, scores, 0.1) == [[0.9], [0.9, 0.45]]
        assert near_misses(setting, scores, 0.3) == [[0.9], [0.9, 0.45, 0.3]]
        # no margin takes what scores next to nothing
        assert near_misses(setting, [0.0, 0.9, 0.0, 0.06, 0.04], 0.9) == [[0.9], [0.9, 0.06]]
