from __future__ import annotations

import pytest
import torch

from mespot.core.errors import MespotError
from mespot.models.attention import SplitAttention
from mespot.models.classifier import Classifier
from mespot.models.lgi_former import LGIFormer
from mespot.models.vit import VideoMAEViT
from mespot.models.zoo import NAMES, create_autoencoder, create_encoder

TINY = ("lgi_former_tiny_64", "videomae_vit_tiny_64")


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


@pytest.mark.parametrize("name", TINY)
def test_both_encoders_share_one_interface(name):
    encoder = create_encoder(name)
    video = torch.randn(2, 3, 16, 64, 64)
    assert encoder.grid == (8, 4, 4)
    assert encoder.num_tokens == 128
    features = encoder.forward_features(video)
    assert features.locals.shape == (2, 128, encoder.width)
    assert features.messengers.shape[::2] == (2, encoder.width)
    visible = torch.arange(0, 128, 2).expand(2, -1)
    assert encoder.forward_visible(video, visible).shape == (2, 64, encoder.width)


@pytest.mark.parametrize("name", TINY)
def test_all_tokens_visible_equals_the_whole_clip(name):
    encoder = create_encoder(name)
    torch.nn.init.normal_(next(iter(encoder.parameters())))
    video = torch.randn(2, 3, 16, 64, 64)
    everything = torch.arange(128).expand(2, -1)
    torch.testing.assert_close(
        encoder.forward_visible(video, everything),
        encoder.forward_features(video).locals,
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("name", TINY)
def test_config_rebuilds_the_encoder(name):
    encoder = create_encoder(name)
    twin = type(encoder)(**encoder.config)
    twin.load_state_dict(encoder.state_dict())
    video = torch.randn(1, 3, 16, 64, 64)
    assert torch.equal(twin.forward_features(video).locals, encoder.forward_features(video).locals)


def test_parameter_counts_of_the_published_model():
    with torch.device("meta"):
        pretraining = create_autoencoder("lgi_former_base_160")
        classifier = Classifier(create_encoder("lgi_former_base_160"), outputs=7)
    assert _count(pretraining) == 92_760_192
    assert _count(classifier) == 84_878_343


def test_every_name_builds_and_an_unknown_one_lists_them():
    for name in NAMES:
        with torch.device("meta"):
            assert create_encoder(name).num_tokens > 0
    with pytest.raises(MespotError, match="lgi_former_tiny_64"):
        create_encoder("lgi_former_huge")


def test_messenger_only_last_block_gives_the_same_messengers():
    encoder = LGIFormer(16, 32, 32, 2, 4, [2, 1, 2])
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    video = torch.randn(2, 3, 16, 32, 32)
    pruned = encoder.forward_features(video, messengers_only=True)
    assert pruned.locals is None
    full = encoder.forward_features(video).messengers
    torch.testing.assert_close(pruned.messengers, full, rtol=1e-4, atol=1e-4)


def test_folded_cross_attention_equals_the_plain_one():
    attention = SplitAttention(32, 4)
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    tokens, context = torch.randn(2, 20, 32), torch.randn(2, 5, 32)
    torch.testing.assert_close(
        attention.query(tokens, context),
        attention.query_plain(tokens, context),
        rtol=1e-4,
        atol=1e-5,
    )


def test_self_attention_in_one_product_equals_that_in_two():
    attention = SplitAttention(32, 4)
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    tokens = torch.randn(2, 20, 32)
    torch.testing.assert_close(
        attention._in_one_product(tokens), attention(tokens), rtol=1e-4, atol=1e-5
    )


def test_stochastic_depth_drops_whole_clips():
    encoder = LGIFormer(16, 32, 32, 1, 4, [2, 1, 2])
    block = LGIFormer(16, 32, 32, 2, 4, [2, 1, 2], drop_path=0.5).blocks[1].train()
    messengers, local = torch.randn(64, 8, 32), torch.randn(64, 8, 4, 32)
    block.third_attn.proj.weight.data.zero_()
    block.mlp.fc2.weight.data.zero_()
    block.mlp.fc2.bias.data.zero_()
    block.third_attn.proj.bias.data.zero_()
    _, after = block(messengers, local)
    moved = (after - local).abs().amax((2, 3)) > 0  # (B, R): only the first attention acts
    assert encoder.depth == 1
    assert (moved.all(1) | ~moved.any(1)).all()
    assert moved.any() and not moved.all()


def test_a_region_that_does_not_divide_the_grid_is_refused():
    with pytest.raises(ValueError, match="multiple of region"):
        LGIFormer(16, 64, 32, 1, 4, [2, 3, 4])


@pytest.mark.parametrize("pooling", ["region", "org", "all"])
def test_classifier_pools_as_told(pooling):
    model = Classifier(LGIFormer(16, 32, 32, 2, 4, [2, 1, 2]), pooling=pooling)
    assert model(torch.randn(3, 3, 16, 32, 32)).shape == (3, 2)
    assert model.config == {"outputs": 2, "pooling": pooling}


def test_plain_vit_has_no_messengers_to_pool():
    with pytest.raises(MespotError, match="region and concat only with LGI-Former"):
        Classifier(VideoMAEViT(16, 32, 32, 1, 4), pooling="region")


def _count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_concatenated_messengers_keep_where_something_moved():
    encoder = create_encoder("lgi_former_tiny_64")
    model = Classifier(encoder, pooling="concat").eval()
    video = torch.randn(2, 3, 16, 64, 64)
    messengers = encoder.forward_features(video).messengers
    assert model.head.in_features == messengers.shape[1] * encoder.width
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.weight[0, : encoder.width] = 1.0  # reads the first region alone
        expected = model.fc_norm(messengers)[:, 0].sum(-1)
        torch.testing.assert_close(model(video)[:, 0], expected, rtol=1e-4, atol=1e-4)
    assert Classifier(encoder).pooling == "region"
    with pytest.raises(MespotError, match="region and concat only with LGI-Former"):
        Classifier(create_encoder("videomae_vit_tiny_64"), pooling="concat")
