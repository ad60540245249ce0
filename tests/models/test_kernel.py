from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mespot.models.attention import FusedAttention
from mespot.models.kernel import attend
from mespot.models.vit import ViTBlock


def _parts(dtype):
    generator = torch.Generator().manual_seed(0)
    shapes = ((2, 3, 5, 8), (2, 3, 9, 8), (2, 3, 9, 8))
    return [torch.randn(shape, generator=generator).to(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype, bound", [(torch.float32, 1e-6), (torch.bfloat16, 2e-2)])
def test_attention_is_the_weighted_mean_of_values(dtype, bound):
    query, key, value = _parts(dtype)
    found = attend(query, key, value)
    share = (query.double() @ key.double().transpose(-2, -1) / 8**0.5).softmax(-1)
    assert found.dtype == dtype
    assert (found.double() - share @ value.double()).abs().max() <= bound


def test_half_precision_on_a_cpu_does_not_take_the_slow_fused_kernel(monkeypatch):
    calls = []
    real = F.scaled_dot_product_attention
    monkeypatch.setattr(
        F, "scaled_dot_product_attention", lambda *parts: calls.append(1) or real(*parts)
    )
    attend(*_parts(torch.bfloat16))
    assert not calls
    attend(*_parts(torch.float32))
    assert calls


@pytest.mark.parametrize("last", [1, 4, 7])
def test_a_block_of_which_only_the_last_tokens_are_read_gives_the_same_ones(last):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        block = ViTBlock(16, 2)
        for parameter in block.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        tokens = torch.randn(2, 7, 16)
    torch.testing.assert_close(block(tokens, last), block(tokens)[:, -last:])
    assert FusedAttention(16, 2)(tokens, last).shape == (2, last, 16)
