"""Initial weights follow the published recipes: distribution, bounds, and what keeps defaults."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from mespot.models.classifier import Classifier
from mespot.models.lgi_former import LGIFormer
from mespot.models.mae import MaskedAutoEncoder


@pytest.fixture(scope="module")
def encoder_arguments():
    return (16, 64, 128, 2, 4, [2, 2, 4])


@pytest.fixture(scope="module")
def autoencoder(encoder_arguments):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MaskedAutoEncoder(LGIFormer(*encoder_arguments), 96, 2, 3)


@pytest.fixture(scope="module")
def classifier(encoder_arguments):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Classifier(LGIFormer(*encoder_arguments), outputs=400)


def _linears(model):
    return [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]


def _uniform(weight, bound):
    assert weight.abs().max() <= bound
    assert weight.abs().max() > 0.99 * bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)


def test_autoencoder_matrices_are_xavier_uniform_as_stored(autoencoder):
    """Also the joint ones: `kv` is (2d, d), the decoder's `qkv` is (3d, d)."""
    names = [name for name, _ in _linears(autoencoder)]
    assert any(name.endswith(".kv") for name in names)
    assert any(name.endswith(".qkv") for name in names)
    for name, linear in _linears(autoencoder):
        if name != "encoder_to_decoder":
            outputs, inputs = linear.weight.shape
            _uniform(linear.weight, math.sqrt(6 / (inputs + outputs)))
            assert linear.bias is None or not linear.bias.any()


def test_bridge_and_embedding_keep_the_defaults_of_the_library(autoencoder, classifier):
    _uniform(autoencoder.encoder_to_decoder.weight, 1 / math.sqrt(128))
    for model in (autoencoder, classifier):
        embedding = model.encoder.patch_embed.proj
        _uniform(embedding.weight, 1 / math.sqrt(3 * 2 * 16 * 16))
        assert embedding.bias.any()


def test_tokens_are_a_normal_cut_at_one_sigma(autoencoder, classifier):
    for tokens in (
        autoencoder.mask_token,
        autoencoder.encoder.lg_region_tokens,
        classifier.encoder.lg_region_tokens,
    ):
        assert 0.019 < tokens.abs().max() <= 0.02
        # a unit normal cut at one sigma has a deviation of 0.54
        assert tokens.std().item() == pytest.approx(0.54 * 0.02, rel=0.15)


def test_classifier_matrices_are_normal_and_the_head_is_small(classifier):
    for name, linear in _linears(classifier):
        scale = 0.02 * (0.001 if name == "head" else 1)
        assert linear.weight.std().item() == pytest.approx(scale, rel=0.03), name
        assert linear.weight.abs().max() > 3 * scale
        assert linear.bias is None or not linear.bias.any()


def test_norms_start_neutral_and_attention_biases_at_zero(autoencoder, classifier):
    for model in (autoencoder, classifier):
        for module in model.modules():
            if isinstance(module, nn.LayerNorm):
                assert (module.weight == 1).all() and not module.bias.any()
                assert module.eps == 1e-6
        for name, parameter in model.named_parameters():
            if name.endswith(("q_bias", "v_bias")):
                assert not parameter.any()
