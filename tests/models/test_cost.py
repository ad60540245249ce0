"""Multiply-adds of a forward pass per clip: what the leaner forms save must stay saved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mespot.models.classifier import Classifier
from mespot.models.masking import draw_masks
from mespot.models.zoo import create_autoencoder, create_encoder

FILE = Path(__file__).resolve().parents[2].parent / "shared/data/reference/flops.json"


def _gmac(model, *inputs):
    # the plain form shows its matrix products to the counter
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model.to("meta")(*inputs)
    return counter.get_total_flops() / 2e9


def _clip(encoder):
    size = encoder.config["size"]
    return torch.zeros(1, 3, encoder.config["frames"], size, size, device="meta")


def _finetuning(name, pooling=None):
    with torch.device("meta"):
        model = Classifier(create_encoder(name), outputs=7, pooling=pooling)
    return _gmac(model, _clip(model.encoder))


def _pretraining(name):
    with torch.device("meta"):
        model = create_autoencoder(name)
    encoder = model.encoder
    rng = np.random.default_rng(0)
    masked = int(draw_masks(rng, 1, encoder.grid, 0.9, "part_window", encoder.region).sum())
    sizes = (encoder.num_tokens - masked, masked)
    index = (torch.zeros(1, count, dtype=torch.int64, device="meta") for count in sizes)
    return _gmac(model, _clip(encoder), *index)


@pytest.mark.parametrize(
    "name, finetuning, pretraining",
    [
        ("lgi_former_base_160", 41.50, 12.76),
        ("videomae_vit_base_160", 80.69, 14.92),
        ("lgi_former_small_96", 1.891, 0.6833),
        ("lgi_former_tiny_96", 0.2615, 0.1722),
    ],
)
def test_operations_of_the_zoo(name, finetuning, pretraining):
    assert _finetuning(name) == pytest.approx(finetuning, rel=1e-3)
    assert _pretraining(name) == pytest.approx(pretraining, rel=1e-3)


@pytest.mark.skipif(not FILE.exists(), reason="reference figures are absent")
def test_the_folded_cross_attention_is_all_that_differs_from_the_plain_count():
    """Mean pooling needs the whole last block, so only the fold (16 blocks) is saved."""
    plain = json.loads(FILE.read_text())[0]
    d, regions, tokens, heads, blocks = 512, 8, 800, 8, 16
    # plain: two d x d products per token and the keys' and values' per messenger, as `third_proj`
    kept = 2 * d * d * regions + 2 * d * d * regions  # keys, values; both folded per messenger
    folded = kept + 2 * tokens * d * heads * regions
    offset = regions * d  # query bias times key
    saved = plain["parts"]["blocks"]["third_proj"] + plain["parts"]["blocks"]["third_attn"]
    wanted = plain["gmacs"] - saved + blocks * (folded + offset) / 1e9
    assert plain["config"] == "base" and plain["mode"] == "finetune"
    assert _finetuning("lgi_former_base_160", "org") == pytest.approx(wanted, rel=1e-4)
