from __future__ import annotations

import numpy as np
import pytest
import torch

from mespot.errors import MespotError
from mespot.models.classifier import Classifier
from mespot.models.lgi_former import LGIFormer
from mespot.training.loop import LoopSettings, StepLoss, fit
from mespot.training.optimiser import learning_rate, parameter_groups
from mespot.training.seeding import seeded


def _settings(**changes):
    values = dict(
        steps=6,
        batch=256,
        lr=1e-3,
        weight_decay=0.05,
        warmup=0.2,
        betas=(0.9, 0.95),
        layer_decay=0.8,
        checkpoint_every=2,
    )
    return LoopSettings(**{**values, **changes})


def _model():
    with seeded(1):
        return Classifier(LGIFormer(4, 16, 16, 2, 2, [1, 2, 2], patch=8, drop_path=0.3))


def _fit(folder, model, stop=None, poison=None, **changes):
    def step_loss(step):
        if step == stop:
            raise KeyboardInterrupt
        video = torch.from_numpy(np.random.default_rng(step).standard_normal((2, 3, 4, 16, 16)))
        loss = model(video.float()).square().sum() + model.fc_norm.weight.sum()
        return StepLoss(loss * (float("nan") if step == poison else 1), {"two": loss * 2}, ["v@1s"])

    seen = []
    curve = fit(
        model, model.encoder, step_loss, _settings(**changes), 3, folder,
        lambda step, values: seen.append((step, values)),
    )  # fmt: skip
    return curve, seen


def _bytes(model):
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())


def test_a_resumed_run_ends_with_the_same_bytes(tmp_path):
    whole, broken, resumed = _model(), _model(), _model()
    curve, _ = _fit(tmp_path / "a", whole)
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path / "b", broken, stop=5)
    torch.rand(7)  # what else was drawn must not matter
    again, seen = _fit(tmp_path / "b", resumed)
    assert _bytes(whole) == _bytes(resumed)
    assert curve == again
    assert [step for step, _ in seen] == [4, 5]  # steps 0-3 were in the checkpoint


def test_repeated_runs_are_equal_and_leave_the_global_generator_alone(tmp_path):
    state = torch.get_rng_state()
    first, second = _model(), _model()
    _fit(tmp_path / "a", first)
    _fit(tmp_path / "b", second)
    assert _bytes(first) == _bytes(second)
    assert torch.equal(state, torch.get_rng_state())
    assert not first.training


def test_figures_reach_curve_and_log(tmp_path):
    curve, seen = _fit(tmp_path, _model())
    assert [row["step"] for row in curve] == list(range(6))
    assert all(row["two"] == pytest.approx(2 * row["loss"]) for row in curve)
    assert seen[0] == (0, {key: curve[0][key] for key in ("loss", "lr", "two")})


def test_a_loss_that_is_not_finite_names_step_and_clips(tmp_path):
    with pytest.raises(MespotError, match="step 3: the loss is nan; clips: v@1s"):
        _fit(tmp_path, _model(), poison=3)


def test_checkpoints_of_other_settings_and_damaged_ones_are_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path, _model(), stop=4)
    with pytest.raises(MespotError, match="other settings"):
        _fit(tmp_path, _model(), lr=1e-2)
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(MespotError, match="unusable checkpoint"):
        _fit(tmp_path, _model())


def test_layer_decay_and_weight_decay_groups():
    model = _model()
    groups = parameter_groups(model, model.encoder, 0.05, 0.5)
    found = {
        id(parameter): (group["scale"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    names = dict(model.named_parameters())
    assert len(found) == len(names)
    wanted = {
        "encoder.patch_embed.proj.weight": (0.125, 0.05),
        "encoder.lg_region_tokens": (0.125, 0.0),
        "encoder.blocks.0.mlp.fc1.weight": (0.25, 0.05),
        "encoder.blocks.1.mlp.fc1.bias": (0.5, 0.0),
        "fc_norm.weight": (1.0, 0.0),
        "head.weight": (1.0, 0.05),
    }
    for name, values in wanted.items():
        assert found[id(names[name])] == values, name


def test_schedule_rises_then_falls():
    rates = [learning_rate(step, 100, 0.1, 1.0, 0.01) for step in range(100)]
    assert rates[0] == 0 and max(rates) == 1 and rates[10] == 1
    assert all(a >= b for a, b in zip(rates[10:], rates[11:], strict=False))
    assert 0.01 < rates[-1] < 0.02
    assert learning_rate(0, 10, 0.0, 1.0, 0.01) == 1


def test_seeding_depends_on_the_whole_path():
    def draw(*path):
        with seeded(*path):
            return torch.rand(3).tolist()

    assert draw(1, 2) == draw(1, 2)
    assert draw(1, 2) != draw(2, 1) and draw(1) != draw(1, 0, 5)
