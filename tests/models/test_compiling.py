"""The networks are one graph each: no break, so ``torch.compile`` sees the whole step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mespot.models.classifier import Classifier
from mespot.models.inputs import INPUTS, prepare, to_unit
from mespot.models.masking import draw_masks, split_index
from mespot.models.zoo import create_autoencoder, create_encoder

pytestmark = pytest.mark.slow

TINY = ("lgi_former_tiny_64", "videomae_vit_tiny_64")


@pytest.fixture(autouse=True)
def _fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def _breaks(function, *inputs):
    seen = torch._dynamo.explain(function)(*inputs)
    assert seen.graph_count == 1
    return seen.graph_break_count


@pytest.mark.parametrize("name", TINY)
def test_losses_of_the_autoencoder(name):
    model = create_autoencoder(name)
    encoder = model.encoder
    mask = draw_masks(
        np.random.default_rng(0), 2, encoder.grid, 0.75, "part_window", encoder.region
    )
    index = split_index(mask, encoder.region_of_token().numpy())
    video = torch.rand(2, 3, 16, 64, 64)
    assert _breaks(model.losses, video, video, *map(torch.from_numpy, index)) == 0


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("training", [False, True])
def test_classifier(name, training):
    model = Classifier(create_encoder(name, drop_path=0.1)).train(training)
    assert _breaks(model, torch.rand(2, 3, 16, 64, 64)) == 0


@pytest.mark.parametrize("input_kind", INPUTS)
def test_network_input(input_kind):
    clips = torch.zeros(1, 16, 32, 32, dtype=torch.uint8)
    if input_kind == "motion":
        clips = torch.zeros(1, 16, 24, 24, 2, dtype=torch.int16)
    assert _breaks(lambda clips: to_unit(prepare(clips, input_kind), input_kind), clips) == 0
