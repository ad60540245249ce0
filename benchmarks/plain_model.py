"""LGI-Former, VideoMAE and the auto-encoder as published, on the weights of mespot's modules.

The yardstick of ``benchmarks/model.py``: explicit softmax attention, every token embedded and
carried to the end, ordinary cross attention, boolean masks, one tensor of messengers and locals
that is cloned before parts of it are written, targets of all tubelets. Functions take mespot's
modules and read only their weights, so that both sides always have the same ones.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from mespot.models.attention import FusedAttention, SplitAttention
from mespot.models.classifier import Classifier
from mespot.models.encoder import Encoder
from mespot.models.lgi_former import LGIBlock, LGIFormer
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.vit import ViTBlock


def classify(model: Classifier, video: torch.Tensor) -> torch.Tensor:
    """Logits, (B, 3, T, H, W) to (B, outputs)."""
    encoder = model.encoder
    tokens = _embed(encoder, video)
    if not isinstance(encoder, LGIFormer):
        for block in encoder.blocks:
            tokens = _vit_block(block, tokens)
    else:
        regions = _run_regions(encoder, tokens[:, encoder.region_order], len(video))
        if model.pooling == "region":
            tokens = regions[:, 0].unflatten(0, (len(video), -1))
        else:
            first = 1 if model.pooling == "org" else 0
            tokens = regions[:, first:].reshape(len(video), -1, encoder.width)
    return model.head(model.fc_norm(tokens.mean(1)))


def loss(model: MaskedAutoEncoder, video: torch.Tensor, target: torch.Tensor, mask: torch.Tensor):
    """Pre-training loss.

    Args:
        model: the auto-encoder.
        video: (B, 3, T, H, W) input.
        target: (B, 3, T, H, W) on [0, 1].
        mask: (B, N) bool, True = masked.
    """
    clips = len(video)
    encoder, width = model.encoder, model.mask_token.shape[-1]
    tokens = _embed(encoder, video)
    if isinstance(encoder, LGIFormer):
        order = encoder.region_order
        seen = tokens[:, order][~mask[:, order]].reshape(clips, -1, encoder.width)
        regions = _run_regions(encoder, seen, clips)
        seen = regions[:, 1:].reshape(clips, -1, encoder.width)
    else:
        order = torch.arange(encoder.num_tokens)
        seen = tokens[~mask].reshape(clips, -1, encoder.width)
        for block in encoder.blocks:
            seen = _vit_block(block, seen)
    seen = model.encoder_to_decoder(model.encoder_norm(seen))
    table = model.positions.expand(clips, -1, -1).clone()
    shown = table[:, order][~mask[:, order]].reshape(clips, -1, width)
    hidden = table[mask].reshape(clips, -1, width)
    tokens = torch.cat((seen + shown, model.mask_token + hidden), 1)
    for block in model.decoder.blocks:
        tokens = _vit_block(block, tokens)
    found = model.decoder.head(model.decoder.norm(tokens[:, -hidden.shape[1] :]))
    wanted = _all_targets(target, model.patch, model.target_eps)[mask]
    return F.mse_loss(found.float(), wanted.reshape(found.shape))


def _embed(encoder: Encoder, video: torch.Tensor) -> torch.Tensor:
    tokens = encoder.patch_embed.proj(video).flatten(2).transpose(1, 2)
    return tokens + encoder.positions.expand(len(video), -1, -1).clone()


def _run_regions(encoder: LGIFormer, tokens: torch.Tensor, clips: int) -> torch.Tensor:
    regions = encoder.num_regions
    local = tokens.reshape(clips * regions, -1, encoder.width)
    messengers = encoder.lg_region_tokens.repeat(clips, 1)[:, None]
    both = torch.cat((messengers, local), 1)  # (B * R, 1 + s, d)
    for block in encoder.blocks:
        both = _lgi_block(block, both, clips)
    return both


def _lgi_block(block: LGIBlock, both: torch.Tensor, clips: int) -> torch.Tensor:
    width = both.shape[-1]
    normed = block.first_attn_norm0(both)
    both = both + _split_attention(block.first_attn, normed, normed)
    messengers = both[:, 0].clone().reshape(clips, -1, width)
    normed = block.second_attn_norm0(messengers)
    messengers = messengers + _split_attention(block.second_attn, normed, normed)
    both = both.clone()
    both[:, 0] = messengers.reshape(-1, width)
    local = both[:, 1:].clone().reshape(clips, -1, width)
    heard = _split_attention(
        block.third_attn, block.third_attn_norm0(local), block.third_attn_norm1(messengers)
    )
    local = local + heard
    both = both.clone()
    both[:, 1:] = local.reshape(both.shape[0], -1, width)
    return both + _mlp(block.mlp, block.norm2(both))


def _vit_block(block: ViTBlock, tokens: torch.Tensor) -> torch.Tensor:
    tokens = tokens + _fused_attention(block.attn, block.norm1(tokens))
    return tokens + _mlp(block.mlp, block.norm2(tokens))


def _mlp(mlp: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    return mlp.fc2(F.gelu(mlp.fc1(tokens)))


def _split_attention(
    attention: SplitAttention, tokens: torch.Tensor, context: torch.Tensor
) -> torch.Tensor:
    heads = attention.heads
    bias = torch.cat((torch.zeros_like(attention.v_bias), attention.v_bias))
    query = F.linear(tokens, attention.q.weight, attention.q_bias)
    pair = F.linear(context, attention.kv.weight, bias)
    query = query.unflatten(2, (heads, -1)).transpose(1, 2)
    key, value = pair.unflatten(2, (2, heads, -1)).permute(2, 0, 3, 1, 4)
    return attention.proj(_explicit(query, key, value))


def _fused_attention(attention: FusedAttention, tokens: torch.Tensor) -> torch.Tensor:
    zeros = torch.zeros_like(attention.v_bias)
    bias = torch.cat((attention.q_bias, zeros, attention.v_bias))
    mixed = F.linear(tokens, attention.qkv.weight, bias)
    query, key, value = mixed.unflatten(2, (3, attention.heads, -1)).permute(2, 0, 3, 1, 4)
    return attention.proj(_explicit(query, key, value))


def _explicit(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    share = ((query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)).softmax(-1)
    return (share @ value).transpose(1, 2).flatten(2)


def _all_targets(video: torch.Tensor, patch: int, eps: float) -> torch.Tensor:
    clips, channels, frames, height, width = video.shape
    cubes = video.view(
        clips, channels, frames // 2, 2, height // patch, patch, width // patch, patch
    )
    cubes = cubes.permute(0, 2, 4, 6, 3, 5, 7, 1).reshape(clips, -1, 2 * patch**2, channels)
    normed = (cubes - cubes.mean(2, keepdim=True)) / (cubes.std(2, keepdim=True) + eps)
    first, second = normed.unflatten(2, (2, -1)).unbind(2)  # each (B, N, patch * patch, C)
    return torch.stack((first, second - first), 2).flatten(2)
