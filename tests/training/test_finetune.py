from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import mespot.training.finetune as module
from mespot.errors import MespotError
from mespot.models.inference import predict
from mespot.models.weights import load_classifier
from mespot.training.classify import train_classifier
from mespot.training.finetune import finetune, granularity_folder, training_rows
from mespot.training.pretrain import pretrain

FOLDS = {"s0": 0, "s1": 1, "s2": 1}


@pytest.fixture(scope="module")
def encoder(faces, tmp_path_factory):
    from types import SimpleNamespace

    folder = tmp_path_factory.mktemp("encoder")
    params = SimpleNamespace(
        model="lgi_former_tiny_64", input="flow", span=1.0, masking="part_window",
        mask_ratio=0.75, motion_weight=0.5, steps=0, batch=2, lr=0.1, weight_decay=0.0,
        warmup=0.0, threads=1, checkpoint_every=10,
    )  # fmt: skip
    archives = [(faces / f"v{i}.npz", faces / f"v{i}.zip") for i in range(3)]
    pretrain(archives, params, 7, folder / "work", folder, lambda *_: None)
    return folder


@pytest.fixture
def run(faces, encoder, videos, events, finetune_params, tmp_path):
    def call(name, log=lambda *_: None):
        work, out = tmp_path / f"work-{name}", tmp_path / name
        finetune(videos, events, faces, encoder, finetune_params, FOLDS, 7, work, out, log)
        return out

    return call


def test_layout_and_loadable_classifiers(run):
    out = run("a")
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert found == [
        "0.5/all.safetensors", "0.5/fold0.safetensors", "0.5/fold1.safetensors",
        "0.5/model.json", "curve.csv", "folds.csv",
    ]  # fmt: skip
    model, description = load_classifier(out / granularity_folder(0.5), "fold1")
    clips = np.zeros((2, 16, 64, 64), np.uint8)
    assert predict(model, clips, description["input"]).shape == (2, 2)
    assert json.loads((out / "0.5/model.json").read_text())["granularity"] == 0.5
    assert pd.read_csv(out / "folds.csv").values.tolist() == [["s0", 0], ["s1", 1], ["s2", 1]]
    curve = pd.read_csv(out / "curve.csv")
    assert curve.groupby("classifier")["step"].count().to_dict() == {
        "all": 3, "fold0": 3, "fold1": 3,
    }  # fmt: skip


def test_no_classifier_of_a_fold_ever_sees_its_subjects(run, monkeypatch):
    seen = []

    def spy(clips, timelines, *arguments):
        seen.append({line.video for line in timelines})
        return train_classifier(clips, timelines, *arguments)

    monkeypatch.setattr(module, "train_classifier", spy)
    run("a")
    assert seen == [{1, 2}, {0}, {0, 1, 2}]
    assert training_rows(["s0", "s1", "s2"], FOLDS, 1) == [0]


def test_finished_classifiers_are_kept_and_the_rest_resumes_to_the_same_bytes(run):
    whole = run("whole")
    count = 0

    def stop(*_):
        nonlocal count
        count += 1
        if count == 6:  # in the last step of fold 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("cut", stop)
    steps = []
    cut = run("cut", lambda step, _: steps.append(step))
    assert steps == [2, 0, 1, 2]  # fold 1 from its checkpoint, then `all`
    for name in ("fold0", "fold1", "all"):
        file = f"0.5/{name}.safetensors"
        assert (whole / file).read_bytes() == (cut / file).read_bytes()
    assert (whole / "curve.csv").read_bytes() == (cut / "curve.csv").read_bytes()


def test_folds_must_cover_all_subjects_and_leave_events(
    faces, encoder, videos, events, finetune_params, tmp_path
):
    def call(folds, rows):
        finetune(
            videos, rows, faces, encoder, finetune_params, folds, 7, tmp_path, tmp_path,
            lambda *_: None,
        )  # fmt: skip

    with pytest.raises(MespotError, match="subject s2 has no fold"):
        call({"s0": 0, "s1": 1}, events)
    with pytest.raises(MespotError, match="fold0 leaves no events"):
        call(FOLDS, events.iloc[:1])
