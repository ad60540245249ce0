from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from mespot.models.classifier import Classifier
from mespot.models.zoo import create_autoencoder, create_encoder
from mespot.training.engine.optimiser import half_cosine, learning_rate, parameter_groups

FILE = Path(__file__).resolve().parents[2].parent / "shared/data/reference/param_groups.json"
NAME = "lgi_former_base_160"


def _model(kind):
    with torch.device("meta"):
        if kind == "pretrain":
            return create_autoencoder(NAME)
        return Classifier(create_encoder(NAME), outputs=7)


def _settings(model, **changes):
    """Parameter name, as published -> (learning-rate scale, weight decay)."""
    classifier = isinstance(model, Classifier)
    names = {
        id(value): name.removeprefix("encoder.")
        if classifier
        else name.replace("encoder_norm.", "encoder.norm.")
        for name, value in model.named_parameters()
    }
    decay = 0.75 if classifier else 1.0
    groups = parameter_groups(model, model.encoder, 0.05, decay, **changes)
    found = {
        names[id(value)]: (group["scale"], group["weight_decay"])
        for group in groups
        for value in group["params"]
    }
    assert len(found) == sum(len(group["params"]) for group in groups) == len(names)
    return found


@pytest.mark.skipif(not FILE.exists(), reason="reference outputs are absent")
@pytest.mark.parametrize("kind", ["pretrain", "finetune"])
def test_published_groups_are_the_reference_ones(kind):
    wanted = {
        name: (group.get("lr_scale", 1.0), group["weight_decay"])
        for group in json.loads(FILE.read_text())[kind].values()
        for name in group["params"]
    }
    found = _settings(_model(kind), published=True)
    assert set(found) == set(wanted)
    for name, (scale, decay) in wanted.items():
        assert found[name] == (pytest.approx(scale, rel=1e-12), decay), name


@pytest.mark.parametrize(
    "kind, token, fixed",
    [
        ("pretrain", "encoder.lg_region_tokens", (1.0, 0.0)),
        ("finetune", "lg_region_tokens", (0.75**17, 0.0)),
    ],
)
def test_only_the_messengers_differ_from_the_published_groups(kind, token, fixed):
    published, found = _settings(_model(kind), published=True), _settings(_model(kind))
    assert [name for name in found if found[name] != published[name]] == [token]
    assert found[token] == (pytest.approx(fixed[0]), fixed[1])


def test_half_a_cosine_from_first_to_last():
    found = [half_cosine(step, 10, 0.05, 0.4) for step in range(11)]
    assert found[0] == pytest.approx(0.05) and found[10] == pytest.approx(0.4)
    assert found[5] == pytest.approx(0.225)
    assert all(a < b for a, b in zip(found, found[1:], strict=False))
    assert {half_cosine(step, 7, 0.05, 0.05) for step in range(8)} == {0.05}


def test_published_rates_of_both_recipes():
    """Warm-up from 0 over 5 of 100 epochs, then a cosine over the steps that are left."""
    peak, floor, per_epoch = 3.75e-4, 1e-6 * 96 / 256, 97
    steps = 100 * per_epoch
    rates = [learning_rate(step, steps, 0.05, peak, floor) for step in range(steps)]
    rising = 5 * per_epoch
    assert rates[0] == 0 and rates[rising - 1] == rates[rising] == peak
    assert rates[rising // 2] == pytest.approx(peak * (rising // 2) / (rising - 1))
    step = 50 * per_epoch
    turn = math.pi * (step - rising) / (steps - rising)
    assert rates[step] == pytest.approx(floor + (peak - floor) * (1 + math.cos(turn)) / 2)
    assert min(rates[rising:]) == rates[-1] > floor
