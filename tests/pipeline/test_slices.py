from __future__ import annotations

import numpy as np
import pytest
import torch

import mespot.slices.score as scoring
from mespot.core.errors import MespotError
from mespot.core.files import read_npz, write_json, write_npz
from mespot.models.classifier import Classifier
from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_encoder
from mespot.pipeline.slices import slices
from mespot.slices.cut import slice_starts
from tests.pipeline.conftest import FOLD_OF, SET, people, write_motion

MODEL = "lgi_former_tiny_24"
LENGTH, STEP = 1.0, 0.5
FOLDERS = ("0.5", "2")


def told(fold: int, granularity: int, kind: int) -> float:
    """What the classifier of a fold answers to anything; ``all`` counts as fold 9."""
    return 0.05 + 0.09 * fold + 0.03 * granularity + 0.01 * kind


@pytest.fixture(scope="module")
def constant(tmp_path_factory):
    """Classifiers whose answer is their fold, granularity and output, whatever they see."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("finetune")
    model = Classifier(create_encoder(MODEL))
    for granularity, name in enumerate(FOLDERS):
        save_description(
            folder / name, {"model": MODEL, "input": "motion", "classifier": model.config}
        )
        for fold, weights in [(0, "fold0"), (1, "fold1"), (2, "fold2"), (9, "all")]:
            answer = np.array([told(fold, granularity, kind) for kind in range(2)])
            with torch.no_grad():
                model.head.weight.zero_()
                model.head.bias.copy_(torch.from_numpy(np.log(answer / (1 - answer))))
            save_weights(folder / name / f"{weights}.safetensors", model)
    write_json(
        folder / "folds.json",
        {"granularities": [0.5, 2.0], "folders": list(FOLDERS), "folds": FOLD_OF},
    )
    return folder


@pytest.fixture
def ready(toy, constant):
    toy.settings(slices__lengths=[0.5, LENGTH], slices__step=STEP)
    toy.index(people(), people().assign(onset=1, offset=2, type="me"))
    for seed, name in enumerate(people()["video"]):
        write_motion(toy, name, seed)
    toy.artifact("finetune").mkdir()
    toy.artifact("finetune", SET).symlink_to(constant)
    return toy


def scores(toy, length=LENGTH):
    return read_npz(toy.artifact("slices", SET, f"{length}", "scores.npz"))


def test_every_slice_is_scored_by_the_classifier_that_did_not_see_its_subject(ready):
    slices(SET, LENGTH)
    found = scores(ready)
    start = slice_starts(3.0, LENGTH, STEP)
    assert set(found) == {f"v{i}/{part}" for i in range(5) for part in ("start", "scores")}
    for row in people().itertuples():
        fold = FOLD_OF[row.subject]
        wanted = [[told(fold, granularity, kind) for kind in range(2)] for granularity in range(2)]
        np.testing.assert_array_equal(found[f"{row.video}/start"], start)
        assert found[f"{row.video}/scores"].shape == (len(start), 2, 2)
        np.testing.assert_allclose(found[f"{row.video}/scores"], [wanted] * len(start), atol=1e-6)
    assert ready.json("runs", "slices", SET, f"{LENGTH}", "run.json")["metrics"] == {
        "slices": 5 * len(start)
    }


def test_a_gated_slice_costs_nothing_and_scores_nothing(ready, monkeypatch):
    ready.settings(
        slices__lengths=[LENGTH], slices__step=STEP, slices__gate=6.0, slices__waits_for="flow"
    )
    time = np.arange(60) / 20.0
    for name in people()["video"]:
        strength = np.where((time > 2.6) & (name == "v1"), 7.0, 1.0)
        write_npz(ready.artifact("flow", SET, f"{name}.npz"), {"time": time, "strength": strength})
    asked = []

    def counting(models, clips, kind):
        asked.append(len(clips))
        return predict(models, clips, kind)

    predict = scoring.predict_all
    monkeypatch.setattr(scoring, "predict_all", counting)
    slices(SET, LENGTH)
    found = scores(ready)
    # of starts 0, 0.5 ... 2.0 those within half a length of what moved after 2.6 s
    assert (found["v1/scores"] > 0).all(axis=(1, 2)).tolist() == [False, False, False, True, True]
    assert not found["v0/scores"].any() and sum(asked) == 2


def test_other_lengths_are_no_stage(ready):
    with pytest.raises(MespotError, match="found 0.7, params.yaml lists slices.lengths 0.5, 1.0"):
        slices(SET, 0.7)
    assert not ready.artifact("slices").exists()
