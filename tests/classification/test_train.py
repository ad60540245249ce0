from __future__ import annotations

import pytest
import torch

from mespot.classification.scoring import class_probabilities
from mespot.classification.train import (
    classify_settings,
    judge,
    number_of_steps,
    train_clip_classifier,
)
from mespot.core.errors import MespotError
from mespot.models.classifier import Classifier
from mespot.models.weights import save_weights
from mespot.models.zoo import create_encoder
from mespot.params import load_params
from mespot.training.engine.distributed import alone
from tests.classification.toy_clips import lists, section, write_lists

CPU = alone(torch.device("cpu"))
MODEL = "lgi_former_tiny_64"


def train(found, params, work, log=lambda *_: None, weights=None):
    encoder = (MODEL, params.input, weights)
    return train_clip_classifier(found[0], found[1], encoder, params, 7, work, log, CPU)


def state(model):
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())


@pytest.mark.slow
def test_colours_are_learnt_from_folders_videos_and_stills(colour_lists, tmp_path):
    params = section(epochs=4.0, workers=1)
    model, curve, chosen = train(colour_lists, params, tmp_path)
    assert [row["step"] for row in chosen] == [6, 12] and len(curve) == 12
    scores = class_probabilities(model, colour_lists[2], params, "rgb", CPU)
    assert judge(scores, colour_lists[2])[0].uar > 0.8  # chance: 0.33
    # the weights that were kept are those of the best row
    best = max(chosen, key=lambda row: (row["uar"], -row["cross_entropy"]))
    again = class_probabilities(model, colour_lists[1], params, "rgb", CPU)
    assert judge(again, colour_lists[1])[1] == pytest.approx(best["cross_entropy"], abs=1e-5)


@pytest.mark.slow
def test_motion_is_learnt(tmp_path):
    found = lists(write_lists(tmp_path / "clips", "motion", ("folder", "file")))
    params = section(
        input="flow", epochs=11.0, lr=0.15, crop_area=(1, 1), erase=0.0, drop_path=0.0, flip=0.0,
        smoothing=0.0, layer_decay=1.0,
    )  # fmt: skip
    model, _, _ = train(found, params, tmp_path / "work")
    scores = class_probabilities(model, found[2], params, "flow", CPU)
    assert judge(scores, found[2])[0].uar > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("stop", "workers"), [(3, 1), (4, 0)])
def test_an_interrupted_training_ends_with_the_same_bytes(colour_lists, tmp_path, stop, workers):
    params = section(epochs=2.0, checkpoint_every=2, mixup=0.8, cutmix=1.0, ema=0.5)
    whole = train(colour_lists, params, tmp_path / "whole")

    def interrupt(step, _):
        if step == stop:
            raise KeyboardInterrupt

    other = params.model_copy(update={"workers": workers})
    with pytest.raises(KeyboardInterrupt):
        train(colour_lists, other, tmp_path / "cut", interrupt)
    model, curve, chosen = train(colour_lists, other, tmp_path / "cut")
    assert state(model) == state(whole[0])
    assert curve == whole[1] and chosen == whole[2]


def test_keep_best_needs_a_validation_list_and_keep_last_does_not(colour_lists, tmp_path):
    lonely = (colour_lists[0], None)
    with pytest.raises(MespotError, match="expected --val"):
        train(lonely, section(), tmp_path)
    _, curve, chosen = train(lonely, section(keep="last", epochs=1.0), tmp_path)
    assert len(curve) == 3 and chosen == []


def test_pre_trained_weights_are_where_training_starts(colour_lists, tmp_path):
    given = create_encoder(MODEL)
    with torch.no_grad():
        for value in given.parameters():
            value.fill_(0.01)
    save_weights(tmp_path / "encoder.safetensors", given)
    params = section(keep="last", epochs=0.1, lr=1e-9)
    model, _, _ = train(colour_lists, params, tmp_path, weights=tmp_path / "encoder.safetensors")
    assert all(torch.allclose(value, torch.tensor(0.01)) for value in model.encoder.parameters())


def test_the_recipe_of_dfew_is_the_published_one():
    params = load_params().classify["dfew"]
    settings = classify_settings(9356, params)
    assert settings.peak == pytest.approx(3.75e-4)
    assert settings.peak * settings.final_lr == pytest.approx(1e-6 * 96 / 256)
    assert number_of_steps(9356, params) == 9746  # the published code drops the rest of an epoch
    assert settings.betas == (0.9, 0.999) and settings.weight_decay == 0.05
    assert settings.layer_decay == 0.75 and settings.clip_norm == 0 and params.drop_path == 0.1
    assert (params.mixup, params.cutmix, params.smoothing, params.erase) == (0.8, 1.0, 0.1, 0.25)
    assert (params.rand_ops, params.rand_magnitude, params.rand_spread) == (4, 7.0, 0.5)
    assert params.stride == 4 and params.windows == 2 and params.short == "published"
    with torch.device("meta"):
        model = Classifier(create_encoder(params.model), 7)
    assert sum(value.numel() for value in model.parameters()) == 84_878_343
