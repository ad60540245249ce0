"""Which data sets a stage runs on, and what it says of the others."""

from __future__ import annotations

import contextlib
import shutil

import pytest

from mespot.core.errors import MespotError
from mespot.core.files import write_text
from mespot.core.fingerprint import stage_fingerprint
from mespot.core.project import Project
from mespot.pipeline.labelled import read_labelled
from mespot.pipeline.stage import datasets_of, open_stage
from mespot.tables.columns import EVENT_COLUMNS
from mespot.tracking import StageRun

HEADER = ",".join(EVENT_COLUMNS) + "\n"


@pytest.fixture
def project(root, tmp_path, monkeypatch):
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copyfile(root / name, tmp_path / name)
    path = tmp_path / "params.yaml"
    text = path.read_text(encoding="utf-8").replace("unlabelled: []", "unlabelled: [voxceleb2]")
    path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return Project.find()


def test_unlabelled_sets_are_indexed_and_cropped_alone(params):
    both = params.model_copy(update={"unlabelled": ("voxceleb2",)})
    for name in ("index", "preprocess", "sheet", "motion"):
        assert datasets_of(name, both) == ("samm_lv", "casme3", "voxceleb2")
    for name in ("finetune", "flow", "grid", "fuse", "report"):
        assert datasets_of(name, both) == ("samm_lv", "casme3")


@pytest.mark.parametrize(
    ("dataset", "entry"), [("samm_lv", "index"), ("voxceleb2", "index_unlabelled")]
)
def test_the_fingerprint_is_that_of_the_entry_that_dvc_runs(project, monkeypatch, dataset, entry):
    run = contextlib.nullcontext(StageRun("index", dataset, ""))
    monkeypatch.setattr("mespot.pipeline.stage.stage_run", lambda *_: run)
    with open_stage("index", dataset=dataset) as stage:
        assert stage.work.name == stage_fingerprint(project.root, entry, {"dataset": dataset})
    assert project.artifact("runs", "index", dataset, "run.json").is_file()


def test_a_stage_that_needs_events_refuses_unlabelled_sets(project):
    with (
        pytest.raises(MespotError, match="lists samm_lv, casme3; voxceleb2 is among the unlabel"),
        open_stage("finetune", dataset="voxceleb2"),
    ):
        pass
    with (
        pytest.raises(MespotError, match="found 'mine', params.yaml lists samm_lv, casme3, vox"),
        open_stage("index", dataset="mine"),
    ):
        pass


def test_a_set_without_events_is_sent_to_the_unlabelled(tmp_path):
    project = Project(tmp_path, tmp_path)
    path = project.artifact("index", "mine", "events.csv")
    write_text(path, HEADER)
    with pytest.raises(MespotError, match="data set mine has no event, expected it under `unl"):
        read_labelled(project, "mine")
    write_text(path, HEADER + "a,a,1,-1,2,me,1,-1,2,events.csv,2,apex_unknown\n")
    assert read_labelled(project, "mine")["offset"].tolist() == [2]
