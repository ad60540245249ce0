from __future__ import annotations

import pandas as pd
import pytest

from mespot.pipeline.fuse import fuse
from tests.pipeline.conftest import SET
from tests.pipeline.searched import moved_events

FOLD = 0


@pytest.fixture(scope="module")
def fused(fused_world, fused_copy):
    """The stage's outputs, and those when one fold has another truth, under the same grid."""
    toy, folds = fused_world
    moved_events(fused_copy, {subject for subject, fold in folds.items() if fold == FOLD})
    fuse(SET)
    return toy, folds, [_outputs(toy), _outputs(fused_copy)]


def _outputs(toy):
    names = ["chosen.json", "system/system.json"]
    found = {name: toy.json("fuse", SET, name) for name in names}
    found["run.json"] = toy.json("runs", "fuse", SET, "run.json")
    return found | {
        name: toy.table("fuse", SET, f"{name}.csv") for name in ("intervals", "ablation")
    }


def test_a_subject_is_answered_by_what_other_folds_chose(fused):
    _, folds, (before, after) = fused
    videos = {f"{subject}_1" for subject, fold in folds.items() if fold == FOLD}
    own = [
        one["intervals"][one["intervals"]["video"].isin(videos)].reset_index(drop=True)
        for one in (before, after)
    ]
    assert set(own[0]["branch"]) == {"model", "flow", "fused"}
    pd.testing.assert_frame_equal(*own)
    assert before["chosen.json"][str(FOLD)] == after["chosen.json"][str(FOLD)]
    others = [k for k in ("1", "2") if before["chosen.json"][k] == after["chosen.json"][k]]
    assert others == []


def test_the_model_branch_of_a_fold_has_the_setting_that_other_folds_chose(fused):
    toy, _, (before, _) = fused
    span = ["video", "onset", "offset", "type"]
    by_grid = set(toy.table("grid", SET, "intervals.csv")[span].itertuples(index=False, name=None))
    found = before["intervals"].query("branch == 'model'")[span]
    assert len(found) and set(found.itertuples(index=False, name=None)) <= by_grid


def test_every_branch_has_out_of_fold_intervals_and_counts(fused):
    toy, _, (before, _) = fused
    events = toy.table("index", SET, "events.csv")
    overall = before["ablation"].query("type == 'overall'").set_index("member")
    assert (overall["tp"] + overall["fn"] == len(events)).all()
    assert overall.loc["fused", "f1"] > 0.7
    metrics = before["run.json"]["metrics"]
    assert metrics["fused_f1"] == pytest.approx(overall.loc["fused", "f1"])
    for branch in ("model", "flow", "fused"):
        found = before["intervals"].query("branch == @branch")
        assert len(found) == overall.loc[branch, "tp"] + overall.loc[branch, "fp"]


def test_the_final_system_has_classifiers_and_settings_of_all_subjects(fused):
    toy, _, (before, after) = fused
    system = toy.artifact("fuse", SET, "system")
    weights = sorted(path for path in system.rglob("*.safetensors"))
    assert [path.read_text() for path in weights] == ["all of 0.5", "all of 2"]
    chosen = toy.json("grid", SET, "chosen.json")["chosen"]
    for one in (before, after):
        stored = one["system/system.json"]
        assert stored["settings"] == {kind: chosen[kind]["all"] for kind in ("me", "mae")}
    # it saw everybody: another truth of one fold makes another system
    assert before["system/system.json"]["scorers"] != after["system/system.json"]["scorers"]
