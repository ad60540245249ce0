from __future__ import annotations

import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.pipeline.grid import grid, load_slices
from mespot.search.model_branch import intervals_of
from mespot.search.setting import read_setting
from tests.pipeline.conftest import SET
from tests.pipeline.searched import SPACE, moved_events, write_world
from tests.search.world import LENGTHS


@pytest.fixture
def ready(toy):
    return toy, write_world(toy)


def test_what_answers_for_a_subject_was_chosen_on_other_folds(ready):
    toy, folds = ready
    grid(SET)
    before = toy.json("grid", SET, "chosen.json"), toy.table("grid", SET, "intervals.csv")
    assert set(before[0]["chosen"]["me"]) == {"0", "1", "2", "all"}
    assert before[0]["chosen"]["me"]["all"]["granularity"] == 0.5
    assert before[0]["chosen"]["mae"]["all"]["granularity"] == 2.0
    inside = {subject for subject, fold in folds.items() if fold == 0}
    moved_events(toy, inside)
    grid(SET)
    after = toy.json("grid", SET, "chosen.json"), toy.table("grid", SET, "intervals.csv")
    own = {f"{subject}_1" for subject in inside}
    tables = [
        table[table["video"].isin(own)].reset_index(drop=True) for table in (before[1], after[1])
    ]
    assert len(tables[0]) > 0
    pd.testing.assert_frame_equal(*tables)
    for kind in ("me", "mae"):
        assert before[0]["chosen"][kind]["0"] == after[0]["chosen"][kind]["0"]
        assert before[0]["margins"][kind]["0"] == after[0]["margins"][kind]["0"]
        assert before[0]["margins"][kind]["all"] != after[0]["margins"][kind]["all"]


def test_intervals_of_a_fold_are_made_by_its_own_setting(ready):
    toy, folds = ready
    grid(SET)
    chosen, found = toy.json("grid", SET, "chosen.json"), toy.table("grid", SET, "intervals.csv")
    videos = toy.table("index", SET, "videos.csv")
    slices = load_slices(toy.artifact("slices", SET), LENGTHS, videos["video"].tolist())
    differ = []
    for kind in ("me", "mae"):
        settings = {fold: read_setting(value) for fold, value in chosen["chosen"][kind].items()}
        for fold in ("0", "1", "2"):
            own = videos[videos["subject"].map(folds) == int(fold)]
            wanted, other = (
                intervals_of(own, slices, (0.5, 2.0), kind, [settings[name]] * len(own), 50.0)
                for name in (fold, "all")
            )
            rows = found["video"].isin(own["video"]) & (found["type"] == kind)
            columns = ["video", "onset", "offset", "type", "score"]
            pd.testing.assert_frame_equal(
                found.loc[rows, columns].reset_index(drop=True), wanted, check_exact=False
            )
            differ.append(not wanted.equals(other))
    assert any(differ), "the toy world is too even to tell a fold's setting from the others'"


def test_tables_and_record(ready):
    toy, _ = ready
    grid(SET)
    table = toy.table("grid", SET, "table.csv")
    # granularities x lengths x thresholds of curves and gaps, and proposals by threshold
    assert (table["type"] == "me").sum() == 2 * 4 * 4 + 2 * 4
    assert (table["type"] == "mae").sum() == 2 * 4 * 4 * 2 + 2 * 4
    gate = toy.table("grid", SET, "gate.csv").set_index("gate")
    assert gate.index.tolist() == [0.0, 0.5]
    assert len(toy.table("grid", SET, "heatmap.csv")) == 2 * 2 * 4
    chosen = toy.json("grid", SET, "chosen.json")
    metrics = toy.json("runs", "grid", SET, "run.json")["metrics"]
    for kind in ("me", "mae"):
        assert metrics[f"nested_{kind}_f1"] == pytest.approx(chosen["nested"][kind])
        assert metrics[f"margin_{kind}"] == pytest.approx(chosen["margins"][kind]["all"]["margin"])
    assert metrics["settings"] == len(table)


def test_only_configured_lengths_are_read(ready):
    toy, folds = ready
    folder = toy.artifact("slices", SET)
    (folder / "1.0" / "scores.npz").write_bytes(b"of a length that is no longer listed")
    found = load_slices(folder, [0.5, 2.0], [f"{subject}_1" for subject in folds])
    assert set(found) == {0.5, 2.0} and set(found[2.0]) == {f"{subject}_1" for subject in folds}
    assert found[2.0]["000_1"].length == 2.0


def test_a_length_that_nobody_scored_is_one_line(ready):
    toy, _ = ready
    toy.settings(**{**SPACE, "grid__mae__lengths": [1.0, 4.0]})
    with pytest.raises(MespotError, match="grid.mae.lengths: found 4, slices.lengths has 0.3"):
        grid(SET)
