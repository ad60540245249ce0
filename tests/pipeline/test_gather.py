from __future__ import annotations

import shutil

import pandas as pd
import pytest
from ruamel.yaml import YAML

from mespot.core.errors import MespotError
from mespot.core.project import Project
from mespot.pipeline.gather import gather, gathered


@pytest.fixture
def project(root, tmp_path, monkeypatch):
    """A project of two labelled sets and one unlabelled, whose pre-training sees motion."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copyfile(root / name, tmp_path / name)
    change(tmp_path, unlabelled=["voxceleb2"])
    for dataset, video in (("samm_lv", "007"), ("casme3", "NA"), ("voxceleb2", "v"), ("old", "o")):
        for path in (f"faces/{dataset}/{video}.npz", f"faces/{dataset}/{video}.zip",
                     f"motion/{dataset}/{video}.npy"):  # fmt: skip
            file = tmp_path / "artifacts" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path)
    monkeypatch.chdir(tmp_path)
    return Project.find()


def change(folder, **values):
    yaml = YAML()
    params = yaml.load((folder / "params.yaml").read_text(encoding="utf-8"))
    for key, value in values.items():
        section, _, name = key.partition("__")
        if name:
            params[section][name] = value
        else:
            params[section] = value
    with open(folder / "params.yaml", "w", encoding="utf-8") as stream:
        yaml.dump(params, stream)


def table(project) -> bytes:
    gather()
    return project.artifact("gather", "videos.csv").read_bytes()


def test_listed_sets_are_gathered_in_their_order(project):
    gather()
    listed = pd.read_csv(project.artifact("gather", "videos.csv"), dtype=str, keep_default_na=False)
    assert listed["dataset"].tolist() == ["samm_lv", "casme3", "voxceleb2"]
    assert gathered(project, "motion") == [
        (project.artifact("faces", dataset, f"{video}.npz"),
         project.artifact("motion", dataset, f"{video}.npy"))
        for dataset, video in (("samm_lv", "007"), ("casme3", "NA"), ("voxceleb2", "v"))
    ]  # fmt: skip


def test_the_table_changes_with_what_is_learned_from_and_nothing_else(project):
    before = table(project)
    project.artifact("faces", "samm_lv", "faces.csv").write_text("a table")
    project.artifact("faces", "samm_lv", "007.zip").write_text("crops that motion was made of")
    project.artifact("motion", "old", "o.npy").write_text("not listed")
    assert table(project) == before
    project.artifact("motion", "samm_lv", "007.npy").write_text("other motion")
    after = table(project)
    assert after != before
    project.artifact("faces", "samm_lv", "007.npz").write_text("another track")
    assert table(project) != after
    change(project.root, pretrain__input="rgb")
    crops = table(project)
    project.artifact("faces", "samm_lv", "007.zip").write_text("other crops")
    assert table(project) != crops


def test_what_is_missing_is_said(project):
    with pytest.raises(MespotError, match="not there, run `mespot gather` first"):
        gathered(project, "motion")
    project.artifact("motion", "casme3", "NA.npy").unlink()
    with pytest.raises(MespotError, match="not there, run `mespot motion -d casme3` first"):
        gather()
    project.artifact("faces", "samm_lv", "007.npz").unlink()
    with pytest.raises(MespotError, match="no crops, run `mespot preprocess -d samm_lv` first"):
        gather()


def test_nothing_is_gathered_for_videos_of_a_list(project):
    change(project.root, pretrain__source="list", pretrain__videos="list.txt",
           pretrain__input="rgb")  # fmt: skip
    shutil.rmtree(project.artifact("faces"))
    assert table(project).decode().splitlines() == ["dataset,video,track,clip"]
