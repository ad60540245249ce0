from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from toy_training import archives, pretrain_section

from mespot.core.errors import MespotError
from mespot.models.lgi_former import LGIFormer
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.masking import draw_masks, split_index
from mespot.training.engine.loop import fit
from mespot.training.engine.seeding import seeded
from mespot.training.engine.settings import LoopSettings
from mespot.training.engine.task import Batch
from mespot.training.pretrain import Objective, pretrain
from mespot.training.sampling.sampler import generator


class _ToyMasks:
    """Two fixed clips, other masks in every step."""

    figures = ("appearance", "motion")
    idle_parameters = False

    def __init__(self):
        with seeded(0):
            self.model = MaskedAutoEncoder(LGIFormer(16, 32, 32, 2, 2, [2, 1, 2]), 32, 1, 2, 0.02)
            video = torch.rand(2, 3, 1, 1, 1) * torch.linspace(-1, 1, 32).view(1, 1, 1, 1, 32)
            video = video * torch.linspace(0.5, 1, 16).view(1, 1, 16, 1, 1)
            self.video = video.expand(2, 3, 16, 32, 32).contiguous()
        self.encoder = self.model.encoder
        self.objective = Objective(self.model, 0.5)

    def draw(self, step, rows):
        rng = generator(0, step, "mask")
        masks = draw_masks(rng, 2, self.encoder.grid, 0.5, "part_window", self.encoder.region)
        index = split_index(masks, self.encoder.region_of_token().numpy())
        return Batch(tuple(map(torch.from_numpy, index)), [])

    def inputs(self, step, tensors):
        return self.video, self.video, *tensors


def test_the_autoencoder_learns_a_toy_batch(tmp_path):
    settings = LoopSettings(40, 256, 3e-3, 0.05, 0.1, (0.9, 0.95), 1.0, 1000)
    curve = fit(_ToyMasks(), settings, 0, tmp_path, lambda *_: None)
    assert curve[-1]["loss"] < 0.35 * curve[0]["loss"]
    assert curve[3]["loss"] == pytest.approx((curve[3]["appearance"] + curve[3]["motion"]) / 2)


@pytest.mark.slow
def test_outputs_are_complete_and_the_same_bytes_each_time(faces, tmp_path, pretrain_params):
    for run in ("a", "b"):
        pretrain(
            archives(faces), pretrain_params, 7, tmp_path / f"w{run}", tmp_path / run,
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


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_bytes(faces, tmp_path, pretrain_params):
    def stop(step, _):
        if step == 2:
            raise KeyboardInterrupt

    whole, again = [], []
    run = lambda name, log: pretrain(  # noqa: E731
        archives(faces), pretrain_params, 7, tmp_path / f"w{name}", tmp_path / name, log
    )
    run("whole", lambda *line: whole.append(line))
    with pytest.raises(KeyboardInterrupt):
        run("cut", stop)
    run("cut", lambda *line: again.append(line))
    assert whole == again and [step for step, _ in again] == [0, 1, 2, 3]
    whole, cut = ((tmp_path / n / "encoder.safetensors").read_bytes() for n in ("whole", "cut"))
    assert whole == cut


def test_without_steps_the_initial_weights_are_kept(faces, tmp_path):
    params = pretrain_section(steps=0)
    assert pretrain(archives(faces), params, 7, tmp_path / "w", tmp_path / "o", None) == []
    assert (tmp_path / "o/encoder.safetensors").exists()


def test_tube_masks_on_regions_are_refused_with_the_key(faces, tmp_path):
    params = pretrain_section(masking="tube", batch=8)
    with pytest.raises(MespotError, match="pretrain.masking 'tube'"):
        pretrain(archives(faces), params, 7, tmp_path / "w", tmp_path / "o", lambda *_: None)


def test_no_archives(tmp_path, pretrain_params):
    with pytest.raises(MespotError, match="no crop archives"):
        pretrain([], pretrain_params, 7, tmp_path, tmp_path, lambda *_: None)


@pytest.mark.slow
def test_pictures_are_shown_on_the_way_and_change_nothing(faces, tmp_path, pretrain_params):
    shown = []
    for name, every in (("with", 2), ("without", 0)):
        pretrain(
            archives(faces), pretrain_section(picture_every=every), 7, tmp_path / f"w{name}",
            tmp_path / name, lambda *_: None, show=lambda *line: shown.append(line),
        )  # fmt: skip
    assert [step for step, _ in shown] == [2, 4]
    assert all(path.read_bytes()[:4] == b"\x89PNG" for _, path in shown)
    assert shown[0][1].read_bytes() != shown[1][1].read_bytes()
    for name in ("encoder.safetensors", "reconstruction.png", "curve.csv"):
        assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_multi_scale_crops_reach_the_network(faces, tmp_path):
    curves = [
        pretrain(
            archives(faces),
            pretrain_section(crop_scales=scales, steps=1),
            7,
            tmp_path / f"w{i}",
            tmp_path / f"o{i}",
            lambda *_: None,
        )  # fmt: skip
        for i, scales in enumerate(((1.0,), (0.8, 0.6), (0.8, 0.6)))
    ]
    assert curves[0] != curves[1] == curves[2]


def test_rgb_input_sees_colour_crops(faces, tmp_path):
    params = pretrain_section(input="rgb", steps=1)
    curve = pretrain(archives(faces), params, 7, tmp_path / "w", tmp_path / "o", lambda *_: None)
    assert np.load(tmp_path / "w/crops.npy", mmap_mode="r").shape[-1] == 3
    assert np.isfinite(curve[0]["loss"])


def test_weights_from_elsewhere_are_the_start(faces, tmp_path, pretrain_params):
    from mespot.models.weights import read_description

    def run(name, steps, weights=None, **changes):
        params = pretrain_params.model_copy(update={"steps": steps, **changes})
        pretrain(archives(faces), params, 7, tmp_path / f"w{name}", tmp_path / name,
                 lambda *_: None, weights=weights)  # fmt: skip
        return (tmp_path / name / "encoder.safetensors").read_bytes()

    fresh, first = run("fresh", 0), run("first", 2)
    assert run("through", 0, tmp_path / "first") == first != fresh
    assert run("on", 1, tmp_path / "first") not in (first, fresh)
    assert read_description(tmp_path / "through")["input"] == pretrain_params.input
    other = "rgb" if pretrain_params.input == "flow" else "flow"
    with pytest.raises(MespotError, match=f"expected '{other}' as in the settings"):
        run("wrong", 0, tmp_path / "first", input=other)
