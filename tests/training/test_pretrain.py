from __future__ import annotations

import json
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from mespot.errors import MespotError
from mespot.models.lgi_former import LGIFormer
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.masking import draw_masks, split_index
from mespot.training.loop import LoopSettings, StepLoss, fit
from mespot.training.pretrain import pretrain
from mespot.training.sampler import generator
from mespot.training.seeding import seeded


def _archives(faces):
    return [(faces / f"v{i}.npz", faces / f"v{i}.zip") for i in range(3)]


def test_the_autoencoder_learns_a_toy_batch(tmp_path):
    with seeded(0):
        model = MaskedAutoEncoder(LGIFormer(16, 32, 32, 2, 2, [2, 1, 2]), 32, 1, 2, 0.02)
        video = torch.rand(2, 3, 1, 1, 1) * torch.linspace(-1, 1, 32).view(1, 1, 1, 1, 32)
        video = video * torch.linspace(0.5, 1, 16).view(1, 1, 16, 1, 1)
        video = video.expand(2, 3, 16, 32, 32).contiguous()
    encoder = model.encoder

    def step_loss(step):
        rng = generator(0, step, "mask")
        masks = draw_masks(rng, 2, encoder.grid, 0.5, "part_window", encoder.region)
        index = split_index(masks, encoder.region_of_token().numpy())
        appearance, motion = model.losses(video, video, *map(torch.from_numpy, index))
        return StepLoss((appearance + motion) / 2, {}, [])

    settings = LoopSettings(40, 256, 3e-3, 0.05, 0.1, (0.9, 0.95), 1.0, 1000)
    curve = fit(model, encoder, step_loss, settings, 0, tmp_path, lambda *_: None)
    assert curve[-1]["loss"] < 0.35 * curve[0]["loss"]


def test_outputs_are_complete_and_the_same_bytes_each_time(faces, tmp_path, pretrain_params):
    for run in ("a", "b"):
        pretrain(
            _archives(faces), pretrain_params, 7, tmp_path / f"w{run}", tmp_path / run,
            lambda *_: None,
        )  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["curve.csv", "encoder.safetensors", "model.json", "reconstruction.png"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    description = json.loads((tmp_path / "a/model.json").read_text())
    assert description["model"] == "lgi_former_tiny_64" and description["input"] == "flow"
    curve = pd.read_csv(tmp_path / "a/curve.csv")
    assert curve["step"].tolist() == [0, 1, 2, 3]
    assert {"appearance", "motion"} <= set(curve)


def test_an_interrupted_run_goes_on_to_the_same_bytes(faces, tmp_path, pretrain_params):
    def stop(step, _):
        if step == 2:
            raise KeyboardInterrupt

    steps = []
    run = lambda name, log: pretrain(  # noqa: E731
        _archives(faces), pretrain_params, 7, tmp_path / f"w{name}", tmp_path / name, log
    )
    run("whole", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        run("cut", stop)
    run("cut", lambda step, _: steps.append(step))
    assert steps == [2, 3]
    whole, cut = ((tmp_path / n / "encoder.safetensors").read_bytes() for n in ("whole", "cut"))
    assert whole == cut


def test_without_steps_the_initial_weights_are_kept(faces, tmp_path, pretrain_params):
    params = SimpleNamespace(**{**vars(pretrain_params), "steps": 0})
    assert pretrain(_archives(faces), params, 7, tmp_path / "w", tmp_path / "o", None) == []
    assert (tmp_path / "o/encoder.safetensors").exists()


def test_tube_masks_on_regions_are_refused_with_the_key(faces, tmp_path, pretrain_params):
    params = SimpleNamespace(**{**vars(pretrain_params), "masking": "tube", "batch": 8})
    with pytest.raises(MespotError, match="pretrain.masking 'tube'"):
        pretrain(_archives(faces), params, 7, tmp_path / "w", tmp_path / "o", lambda *_: None)


def test_no_archives(tmp_path, pretrain_params):
    with pytest.raises(MespotError, match="no crop archives"):
        pretrain([], pretrain_params, 7, tmp_path, tmp_path, lambda *_: None)
