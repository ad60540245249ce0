from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from toy_training import FOLDS, archives, finetune_section, pretrain_section

import mespot.training.finetune as module
from mespot.core.errors import MespotError
from mespot.core.files import write_json
from mespot.models.inference import predict
from mespot.models.weights import load_classifier
from mespot.tracking import StageRun
from mespot.training.finetune import finetune, granularity_folder, training_rows
from mespot.training.pretrain import pretrain
from mespot.training.spotting_classifier import train_classifier


@pytest.fixture(scope="module")
def encoder(faces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    params = pretrain_section(steps=0)
    pretrain(archives(faces), params, 7, folder / "work", folder, lambda *_: None)
    return folder


@pytest.fixture
def run(faces, encoder, videos, events, finetune_params, tmp_path):
    def call(name, log=lambda *_: None, params=finetune_params, folds=FOLDS, **more):
        work, out = tmp_path / f"work-{name}", tmp_path / name
        finetune(videos, events, archives(faces), encoder, params, folds, 7, work, out, log, **more)
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


def counted(folders, stop=None):
    """Train a classifier and note its work folder; the one named `stop` is interrupted."""

    def train(*arguments):
        folders.append(arguments[7])
        if arguments[7].name == stop:
            raise KeyboardInterrupt
        return train_classifier(*arguments)

    return train


def test_finished_classifiers_are_kept_and_the_rest_resumes_to_the_same_bytes(
    run, monkeypatch, tmp_path
):
    logged, again = StageRun("finetune", "toy", ""), StageRun("finetune", "toy", "")
    whole = run("whole", lambda step, values: logged.metrics(values, step))
    count = 0

    def stop(*_):
        nonlocal count
        count += 1
        if count == 6:  # in the last step of fold 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("cut", stop)
    trained = []
    monkeypatch.setattr(module, "train_classifier", counted(trained))
    cut = run("cut", lambda step, values: again.metrics(values, step))
    assert [folder.name for folder in trained] == ["fold1", "all"]
    # a finished classifier, one from its checkpoint, a new one: the record names all their steps
    for name, record in (("whole", logged.record), ("cut", again.record)):
        write_json(tmp_path / f"{name}.json", record)
    assert (tmp_path / "whole.json").read_bytes() == (tmp_path / "cut.json").read_bytes()
    for name in ("fold0", "fold1", "all"):
        file = f"0.5/{name}.safetensors"
        assert (whole / file).read_bytes() == (cut / file).read_bytes()
    assert (whole / "curve.csv").read_bytes() == (cut / "curve.csv").read_bytes()


def test_the_record_of_classifiers_side_by_side_names_those_that_were_finished(run, monkeypatch):
    in_turn = lambda function, tasks, *_: [function(*task) for task in tasks]  # noqa: E731
    monkeypatch.setattr("mespot.core.parallel.map_videos", in_turn)
    whole, again, trained = [], [], []
    run("whole", lambda *line: whole.append(line), jobs=2)
    broken = counted(trained, stop="all")
    monkeypatch.setattr(module, "train_classifier", broken)
    with pytest.raises(KeyboardInterrupt):
        run("cut", jobs=2)
    monkeypatch.setattr(module, "train_classifier", train_classifier)
    run("cut", lambda *line: again.append(line), jobs=2)
    assert [folder.name for folder in trained] == ["fold0", "fold1", "all"]
    assert whole == again and len(again) == 9


def test_folds_must_cover_all_subjects_and_leave_events(
    faces, encoder, videos, events, finetune_params, tmp_path
):
    def call(folds, rows):
        finetune(
            videos, rows, archives(faces), encoder, finetune_params, folds, 7, tmp_path, tmp_path,
            lambda *_: None,
        )  # fmt: skip

    with pytest.raises(MespotError, match="subject s2 has no fold"):
        call({"s0": 0, "s1": 1}, events)
    with pytest.raises(MespotError, match="fold0 leaves no events"):
        call(FOLDS, events.iloc[:1])


_RECIPE = dict(
    crop_area=(0.5, 1.0), rand_ops=4, erase=0.5, mixup=0.8, cutmix=1.0, smoothing=0.1, ema=0.9,
    accumulate=2, precision="bf16",
)  # fmt: skip


@pytest.mark.slow
def test_the_published_recipe_runs_and_is_the_same_bytes_each_time(run):
    params = finetune_section(**_RECIPE)
    first, second = run("a", params=params), run("b", params=params)
    plain = run("plain")
    for name in ("fold0", "fold1", "all"):
        files = [out / f"0.5/{name}.safetensors" for out in (first, second, plain)]
        one, two, other = (file.read_bytes() for file in files)
        assert one == two != other
    assert np.isfinite(pd.read_csv(first / "curve.csv")["loss"]).all()


def test_validation_subjects_come_from_the_training_subjects_only(run, monkeypatch):
    seen = []

    def spy(clips, timelines, *arguments):
        validation = arguments[-2]
        learn = {line.video for line in timelines}
        choose = {line.video for line in validation}
        seen.append((learn, choose))
        return train_classifier(clips, timelines, *arguments)

    monkeypatch.setattr(module, "train_classifier", spy)
    monkeypatch.setattr("mespot.training.validation._CLIPS", 8)
    folds = {"s0": 0, "s1": 1, "s2": 2}
    params = finetune_section(keep="best", validation=0.5)
    run("a", params=params, folds=folds)
    assert len(seen) == 4
    for fold, (learn, choose) in enumerate(seen[:3]):
        assert len(learn) == len(choose) == 1 and not learn & choose
        assert fold not in learn | choose
    assert seen[3][0] | seen[3][1] == {0, 1, 2}


def test_validation_without_enough_subjects_is_one_line(run):
    with pytest.raises(MespotError, match="finetune.validation: fold1: found no event on the tr"):
        run("a", params=finetune_section(keep="best", validation=0.5))
