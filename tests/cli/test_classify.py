from __future__ import annotations

import json

import pandas as pd
import pytest
import torch

from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_encoder
from tests.classification.toy_clips import params_file, write_lists

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return write_lists(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def classify(monkeypatch, run):
    monkeypatch.setenv("MESPOT_NO_TRACKING", "1")
    torch.set_num_threads(1)
    return lambda *words: run("classify", *words)


@pytest.fixture
def words(clips, tmp_path):
    given = ["train", "--root", clips, "--out", tmp_path / "run"]
    given += ["--params", params_file(tmp_path / "p.yaml", epochs=1.0, checkpoint_every=2)]
    for split in ("train", "val", "test"):
        given += [f"--{split}", clips / f"{split}.txt"]
    return given


def test_training_writes_what_the_test_needs(classify, words, clips, tmp_path):
    code, out, err = classify(*words)
    assert code == 0, err
    assert "validation: UAR" in out and "12 clips" in out
    folder = tmp_path / "run"
    found = json.loads((folder / "metrics.json").read_text())
    assert set(found["test"]["recall"]) == {"0", "1", "2"} and not (folder / "work").exists()
    table = pd.read_csv(folder / "test" / "predictions.csv")
    assert list(table.columns) == ["clip", "label", "predicted", "p_0", "p_1", "p_2"]
    assert found["test"]["war"] == pytest.approx((table["label"] == table["predicted"]).mean())
    confusion = pd.read_csv(folder / "test" / "confusion.csv")
    assert confusion.drop(columns="truth").to_numpy().sum() == 12
    assert (folder / "test" / "confusion.png").read_bytes().startswith(b"\x89PNG")

    code, out, _ = classify("test", clips / "test.txt", "--model", folder, "--root", clips,
                       "--out", tmp_path / "again")  # fmt: skip
    assert code == 0 and "test: UAR" in out
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "again" / "predictions.csv"), table, atol=1e-4
    )

    before = (folder / "classifier.safetensors").stat().st_mtime_ns
    assert classify(*words)[0] == 0  # nothing is trained twice
    assert (folder / "classifier.safetensors").stat().st_mtime_ns == before
    other = params_file(tmp_path / "q.yaml", epochs=1.0, lr=0.01)
    code, _, err = classify(*words, "--params", other)
    assert code == 1 and "choose another --out" in err and err.count("\n") == 1


def test_names_of_classes_stand_in_every_table(classify, tmp_path):
    folder = write_lists(tmp_path / "clips", kinds=("picture",))
    (folder / "labels.txt").write_text("happy\nsad\nneutral\nangry\n")
    params = params_file(tmp_path / "p.yaml", epochs=0.3)
    code, _, err = classify(
        *("train", "--root", folder, "--out", tmp_path / "run", "--params", params),
        *("--train", folder / "train.txt", "--val", folder / "val.txt"),
    )
    assert code == 0 and "no clip of label 3" in err
    columns = pd.read_csv(tmp_path / "run" / "validation" / "predictions.csv").columns
    assert list(columns[-4:]) == ["p_happy", "p_sad", "p_neutral", "p_angry"]
    assert json.loads((tmp_path / "run" / "model.json").read_text())["classes"][3] == "angry"


def test_pre_trained_weights_bring_their_model(classify, words, tmp_path):
    encoder = create_encoder("videomae_vit_tiny_64")
    save_weights(tmp_path / "encoder" / "encoder.safetensors", encoder)
    save_description(tmp_path / "encoder", {"model": "videomae_vit_tiny_64", "input": "rgb"})
    code, _, err = classify(*words, "--encoder", tmp_path / "encoder")
    assert code == 0, err
    found = json.loads((tmp_path / "run" / "model.json").read_text())
    assert found["model"] == "videomae_vit_tiny_64"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (["--recipe", "dfwe"], ["--recipe", "'dfwe'", "base, dfew"]),
        (["--train", "nowhere.txt"], ["nowhere.txt", "cannot be read"]),
        (["--encoder", "nowhere"], ["nowhere", "model.json"]),
        (["--val", "{train}"], ["also stands in"]),
    ],
)
def test_faults_are_one_line(classify, words, clips, change, expected):
    change = [word.format(train=clips / "train.txt") for word in change]
    if change[0] == "--val":
        place = words.index("--val")
        words = [*words[:place], *words[place + 2 :], *change]
    code, _, err = classify(*words, *change)
    assert code == 1 and err.count("\n") == 1, err
    assert all(word in err for word in expected), err


def test_a_list_that_is_unfit_for_the_classifier_is_one_line(classify, words, clips, tmp_path):
    folders = ("--model", tmp_path, "--root", clips, "--out", tmp_path / "x")
    code, _, err = classify("test", clips / "test.txt", *folders)
    assert code == 1 and "model.json" in err and err.count("\n") == 1
    assert classify(*words)[0] == 0
    names = [line.rsplit(maxsplit=1)[0] for line in (clips / "val.txt").read_text().splitlines()]
    more = tmp_path / "more.txt"
    more.write_text("".join(f"{name} {row % 4}\n" for row, name in enumerate(names)))
    code, _, err = classify("test", more, "--model", tmp_path / "run", "--root", clips, "--out",
                       tmp_path / "x")  # fmt: skip
    assert code == 1 and "line 4: found label 3, expected 0 to 2" in err
