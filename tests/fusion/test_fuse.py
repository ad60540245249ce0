from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.core.events import INTERVAL_COLUMNS
from mespot.core.files import write_json
from mespot.fusion.candidates import FEATURES, candidates
from mespot.fusion.choice import Choice
from mespot.fusion.fuse import _Pools, fuse, system_entries
from mespot.fusion.members import MEMBERS
from mespot.fusion.scorer import TypeScorer, fit, label, suppress_overlaps
from mespot.fusion.system import load_system, pack_system
from mespot.metric import F1Scorer, f1_score
from mespot.search.grid import search
from mespot.search.setting import CurveSetting, ProposalSetting
from tests.search.world import FPS, evidence_of, folds_of, world


def test_grid_finds_the_matching_length_and_granularity(params, small_grid):
    videos, events, slices, _, _ = world(0)
    result = search(videos, events, slices, (0.5, 2.0), folds_of(videos), small_grid, 0.5)
    assert result.chosen["me"]["all"].granularity == 0.5
    assert result.chosen["mae"]["all"].granularity == 2.0
    assert set(result.chosen["me"]) == {"0", "1", "2", "all"}
    assert result.oracle["mae"] > 0.8
    assert set(result.intervals.columns) == set(INTERVAL_COLUMNS)
    table = result.table
    assert (table["tp"] + table["fn"] == 12).all()


def test_the_choice_for_a_fold_ignores_that_fold(params, small_grid):
    videos, events, slices, _, _ = world(1)
    folds = folds_of(videos)
    before = search(videos, events, slices, (0.5, 2.0), folds, small_grid, 0.5)
    moved = events.copy()
    inside = moved["subject"].map(folds) == 0
    moved.loc[inside, ["onset", "apex", "offset"]] = [[3, 4, 8]] * int(inside.sum())
    after = search(videos, moved, slices, (0.5, 2.0), folds, small_grid, 0.5)
    for kind in ("me", "mae"):
        assert before.chosen[kind]["0"] == after.chosen[kind]["0"]
    test = videos["video"][videos["subject"].map(folds) == 0]
    pd.testing.assert_frame_equal(
        before.intervals[before.intervals["video"].isin(test)].reset_index(drop=True),
        after.intervals[after.intervals["video"].isin(test)].reset_index(drop=True),
    )


@pytest.fixture(scope="module")
def fused(params, small_grid):
    videos, events, slices, flow, signals = world(2)
    folds = folds_of(videos)
    grid = search(videos, events, slices, (0.5, 2.0), folds, small_grid, 0.5)
    evidence = evidence_of(videos, slices, flow, signals, small_grid, params.fuse.margin)
    result = fuse(videos, events, evidence, grid.chosen, folds, params.fuse, params.report, 7)
    return videos, events, evidence, grid, folds, result


def test_a_second_search_gives_the_same(small_grid):
    videos, events, slices, _, _ = world(1, subjects=3)
    one, two = (
        search(videos, events, slices, (0.5, 2.0), folds_of(videos), small_grid, 0.5)
        for _ in range(2)
    )
    assert one.chosen == two.chosen and one.margins == two.margins
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.heatmap, two.heatmap)
    assert len(one.heatmap) == 2 * 2 * 4
    assert all(one.nested[kind] <= one.oracle[kind] for kind in one.nested)


def test_a_margin_is_the_lead_over_the_best_of_another_cell(fused):
    *_, grid, _, _ = fused
    for kind in ("me", "mae"):
        for name, told in grid.margins[kind].items():
            assert told["margin"] == pytest.approx(told["f1"] - told["runner_up_f1"])
            assert 0.0 <= told["margin"] <= told["f1"] <= 1.0
            best, other = grid.chosen[kind][name].as_dict(), told["runner_up"]
            assert any(
                best.get(key) != other.get(key) for key in ("decoder", "granularity", "length")
            )


def test_a_row_of_the_table_is_a_setting_with_its_counts(fused):
    *_, grid, _, _ = fused
    table = grid.table
    np.testing.assert_allclose(table["f1"], f1_score(table[["tp", "fp", "fn"]].to_numpy()))
    for kind in ("me", "mae"):
        wanted = grid.chosen[kind]["all"].as_dict()
        rows = table[table["type"] == kind]
        for key, value in wanted.items():
            value = " ".join(f"{one:g}" for one in value) if key == "lengths" else value
            rows = rows[rows[key] == value]
        assert len(rows) == 1
    assert list(grid.heatmap.columns) == ["type", "granularity", "length", "f1"]
    assert grid.heatmap.index.tolist() == list(range(len(grid.heatmap)))


def test_candidates_for_the_fusion_keep_the_limits_of_length(fused, params):
    _, _, evidence, grid, _, _ = fused
    settings = {kind: grid.chosen[kind]["all"] for kind in ("me", "mae")}
    for longest, shortest in [(0.45, 0.6), (2.0, 0.1)]:
        limits = {"me_longest": longest, "mae_shortest": shortest}
        pool = _Pools(evidence, params.fuse.model_copy(update=limits)).of(settings)
        parts = [candidates(one, longest, shortest) for one in evidence(settings)]
        pd.testing.assert_frame_equal(pool, pd.concat(parts, ignore_index=True))


def test_fusion_finds_what_one_branch_misses(fused):
    *_, result = fused
    f1 = result.ablation.set_index(["member", "type"])["f1"]
    assert f1["fused", "overall"] >= max(f1["flow", "overall"], f1["model", "overall"])
    assert f1["fused", "overall"] > 0.85
    assert set(result.intervals["branch"]) == {"model", "flow", "fused"}


def test_fusion_beats_both_branches_where_each_misses_other_events(params, small_grid):
    videos, events, slices, flow, signals = world(6, blind=0)
    folds = folds_of(videos)
    grid = search(videos, events, slices, (0.5, 2.0), folds, small_grid, 0.5)
    evidence = evidence_of(videos, slices, flow, signals, small_grid, params.fuse.margin)
    result = fuse(videos, events, evidence, grid.chosen, folds, params.fuse, params.report, 7)
    f1 = result.ablation.set_index(["member", "type"])["f1"]
    assert f1["fused", "overall"] > max(f1["flow", "overall"], f1["model", "overall"]) + 0.05
    gain = result.differences.set_index(["member", "against", "type"])
    for branch in ("flow", "model"):
        row = gain.loc["fused", branch, "overall"]
        assert 0 < row["low"] <= row["difference"] <= row["high"]
    calibration = result.calibration.set_index("type")
    oracle = result.oracle.set_index(["branch", "type"])
    assert oracle.loc["fused", "overall"]["nested_f1"] == f1["fused", "overall"]
    assert (oracle["oracle_f1"] > 0).all() and calibration.loc["overall", "ece"] < 0.25
    assert result.reliability["count"].sum() == 2 * calibration.loc["overall", "count"]


def test_fusion_of_a_fold_ignores_its_events(fused, params):
    videos, events, evidence, grid, folds, result = fused
    moved = events.copy()
    inside = moved["subject"].map(folds) == 1
    moved.loc[inside, ["onset", "apex", "offset"]] = [[3, 4, 8]] * int(inside.sum())
    again = fuse(videos, moved, evidence, grid.chosen, folds, params.fuse, params.report, 7)
    assert again.chosen["1"] == result.chosen["1"]
    test = videos["video"][videos["subject"].map(folds) == 1]
    pd.testing.assert_frame_equal(
        result.intervals[result.intervals["video"].isin(test)].reset_index(drop=True),
        again.intervals[again.intervals["video"].isin(test)].reset_index(drop=True),
    )


def test_candidates_stand_once_per_possible_type(fused):
    _, _, evidence, grid, _, _ = fused
    one = evidence({kind: grid.chosen[kind]["all"] for kind in ("me", "mae")})[0]
    table = candidates(one, 0.9, 0.3)
    assert not table.duplicated(["onset", "offset", "type"]).any()
    seconds = (table["offset"] - table["onset"] + 1) / FPS
    assert (seconds[table["type"] == "me"] <= 0.9).all()
    assert (seconds[table["type"] == "mae"] >= 0.3).all()
    assert np.isfinite(table[list(FEATURES)].to_numpy()).all()


def test_a_video_without_candidates_gives_an_empty_table(fused):
    _, _, evidence, grid, _, _ = fused
    one = evidence({kind: grid.chosen[kind]["all"] for kind in ("me", "mae")})[0]
    bare = replace(one, flow=one.flow[:0], model=one.model[:0], near=one.near[:0])
    assert len(candidates(bare, 0.9, 0.3)) == 0


def test_branches_that_find_nothing_give_no_intervals_and_no_error(params, small_grid):
    videos, events, slices, flow, signals = world(3)
    for video_scores in slices.values():
        for one in video_scores.values():
            one.scores[:] = 0.0
    folds = folds_of(videos)
    grid = search(videos, events, slices, (0.5, 2.0), folds, small_grid, 0.5)
    evidence = evidence_of(videos, slices, flow[:0], signals, small_grid, params.fuse.margin)
    result = fuse(videos, events, evidence, grid.chosen, folds, params.fuse, params.report, 7)
    assert len(grid.intervals) == 0 and len(result.intervals) == 0
    overall = result.ablation[result.ablation["type"] == "overall"]
    assert (overall["fn"] == len(events)).all() and (overall["f1"] == 0).all()


def test_label_needs_type_and_overlap():
    events = pd.DataFrame({"video": ["a"], "onset": [10], "offset": [19], "type": ["me"]})
    pool = pd.DataFrame(
        {
            "video": ["a", "a", "a", "b"],
            "onset": [12, 12, 30, 12],
            "offset": [19, 19, 39, 19],
            "type": ["me", "mae", "me", "me"],
        }
    )
    assert label(pool, events, 0.5).tolist() == [1, 0, 0, 0]


def test_thin_keeps_the_better_of_two():
    table = pd.DataFrame(
        {
            "video": ["a", "a", "b"],
            "onset": [0, 2, 0],
            "offset": [10, 11, 10],
            "type": ["me", "mae", "me"],
            "score": [0.5, 0.9, 0.1],
        }
    )
    assert suppress_overlaps(table, 0.3)[["video", "score"]].values.tolist() == [
        ["a", 0.9],
        ["b", 0.1],
    ]


def test_a_type_without_misses_scores_its_share():
    pool = pd.DataFrame({name: [0.0, 1.0] for name in FEATURES} | {"type": ["me", "me"]})
    scorers = fit(pool, np.array([1, 1]), 1.0)
    assert scorers["me"].score(pool[list(FEATURES)].to_numpy()) == pytest.approx(0.99)
    assert scorers["mae"].score(pool[list(FEATURES)].to_numpy()) == pytest.approx(0.01)
    again = TypeScorer.from_dict(scorers["me"].as_dict())
    assert again.bias == scorers["me"].bias


def test_system_round_trip(fused, params, tmp_path):
    *_, result = fused
    for name in ("all.safetensors", "model.json"):
        (tmp_path / name).write_bytes(b"x")
    settings = {
        "me": CurveSetting(0.5, 0.3, 0.25, "max", 0.03, "relative", 0.5, 0.8, 0.05, 0.1, 0.7),
        "mae": ProposalSetting(0.5, (0.3, 0.5), 0.25, "soft", 0.3, 0.5),
    }
    out = tmp_path / "deeper" / "system"
    pack_system(out, {0.5: tmp_path}, settings, result.system, params)
    system = load_system(out)
    assert system.settings == settings
    assert system.grid == params.grid
    assert (system.classifier(0.5) / "all.safetensors").is_file()
    np.testing.assert_allclose(
        system.scorers.learned["me"].weight,
        result.system["scorers"]["learned"]["me"]["weight"],
        atol=1e-6,
    )


@pytest.mark.parametrize("member", MEMBERS)
def test_a_system_answers_as_the_search_did(fused, params, small_grid, tmp_path, member):
    videos, events, evidence, grid, _, _ = fused
    settings = {kind: grid.chosen[kind]["all"] for kind in ("me", "mae")}
    known = evidence(settings)
    choice = Choice(
        pd.concat([candidates(one, 0.9, 0.3) for one in known], ignore_index=True),
        dict(zip(videos["video"], videos["subject"], strict=True)),
        events, F1Scorer(events, videos["video"].tolist()), np.ones(len(videos), dtype=bool),
        params.fuse, 0.5, 7, 50,
    )  # fmt: skip
    choice.best = member
    for name in ("all.safetensors", "model.json"):
        (tmp_path / name).write_bytes(b"x")
    folders = {0.5: tmp_path, 2.0: tmp_path}
    pack_system(tmp_path / "system", folders, settings, system_entries(choice), params)
    system = load_system(tmp_path / "system")
    for one in known[:2]:
        wanted = choice.final(member, {one.video})
        assert len(wanted)
        pd.testing.assert_frame_equal(system.answer(one), wanted, atol=1e-4)


def test_a_broken_system_is_one_line(tmp_path):
    with pytest.raises(MespotError, match="no system.json"):
        load_system(tmp_path)
    write_json(tmp_path / "system.json", {"format": 99})
    with pytest.raises(MespotError, match="format: found 99"):
        load_system(tmp_path)
    write_json(tmp_path / "system.json", {"format": 2, "settings": {}})
    with pytest.raises(MespotError, match="'me'"):
        load_system(tmp_path)


def test_features_of_duration_are_centred_at_half_a_second(fused):
    _, _, evidence, grid, _, _ = fused
    one = evidence({kind: grid.chosen[kind]["all"] for kind in ("me", "mae")})[0]
    table = candidates(one, 0.9, 0.3)
    wanted = np.log((table["offset"] - table["onset"] + 1) / FPS / 0.5)
    np.testing.assert_allclose(table["log_duration"], wanted, atol=1e-12)
    np.testing.assert_allclose(table["log_duration_squared"], wanted**2, atol=1e-12)
