"""Attention of VideoMAE and LGI-Former: query and value biases, no key bias.

Parameter names equal those of the published checkpoints. All three forms compute
``softmax(q k^T / sqrt(head_dim)) v`` with heads as contiguous chunks of the channel axis.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from mespot.models.kernel import attend


class SplitAttention(nn.Module):
    """Attention with separate ``q`` and ``kv`` matrices (LGI-Former, spec of MAE-DFER)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(width, 2 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Self-attention.

        Args:
            tokens: (B, L, d).

        Returns:
            (B, L, d).
        """
        # joining the matrices at every step costs a CPU more than one product less brings
        if tokens.device.type == "cpu":
            return self.query_plain(tokens, tokens)
        return self._in_one_product(tokens)

    def _in_one_product(self, tokens: torch.Tensor) -> torch.Tensor:
        weight = torch.cat((self.q.weight, self.kv.weight))
        bias = torch.cat((self.q_bias, torch.zeros_like(self.q_bias), self.v_bias))
        return self.proj(_attend(F.linear(tokens, weight, bias), self.heads))

    def query(self, tokens: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Cross-attention of many tokens to few.

        Keys are folded into the query matrix and the output matrix into the values, once per
        clip: every token then pays products with ``heads * R`` columns instead of two with ``d``,
        exact to rounding.

        Args:
            tokens: (B, L, d) queries.
            context: (B, R, d) keys and values, R small.

        Returns:
            (B, L, d).
        """
        clips, few, width = context.shape
        size = width // self.heads
        bias = torch.cat((torch.zeros_like(self.v_bias), self.v_bias))
        pair = F.linear(context, self.kv.weight, bias).view(clips, few, 2, self.heads, size)
        key, value = pair.permute(2, 0, 3, 1, 4)  # each (B, heads, R, size)
        key = key * size**-0.5
        into = self.q.weight.view(self.heads, size, width)
        folded_key = torch.matmul(key, into).flatten(1, 2)  # (B, heads * R, d)
        offset = torch.einsum("bhrs,hs->bhr", key, self.q_bias.view(self.heads, size))
        logits = torch.matmul(tokens, folded_key.transpose(1, 2)) + offset.flatten(1)[:, None]
        share = logits.unflatten(2, (self.heads, few)).softmax(-1).flatten(2)  # (B, L, heads * R)
        out = self.proj.weight.view(width, self.heads, size).permute(1, 2, 0)  # (heads, size, d)
        folded_value = torch.matmul(value, out).flatten(1, 2)  # (B, heads * R, d)
        return torch.matmul(share, folded_value) + self.proj.bias

    def query_plain(self, tokens: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Attention of tokens to a context that is not few, such as a messenger to its region.

        Args:
            tokens: (B, Q, d) queries.
            context: (B, L, d) keys and values.

        Returns:
            (B, Q, d).
        """
        clips, many, width = context.shape
        size = width // self.heads
        query = F.linear(tokens, self.q.weight, self.q_bias)
        query = query.view(clips, -1, self.heads, size).transpose(1, 2)
        bias = torch.cat((torch.zeros_like(self.v_bias), self.v_bias))
        pair = F.linear(context, self.kv.weight, bias).view(clips, many, 2, self.heads, size)
        key, value = pair.permute(2, 0, 3, 1, 4)  # each (B, heads, L, size)
        mixed = attend(query, key, value)
        return self.proj(mixed.transpose(1, 2).flatten(2))


class FusedAttention(nn.Module):
    """Self-attention with one ``qkv`` matrix (VideoMAE encoder, both decoders)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: torch.Tensor, last: int | None = None) -> torch.Tensor:
        """Mix tokens.

        Args:
            tokens: (B, L, d).
            last: only these many last tokens ask; ``None`` = all.

        Returns:
            (B, L or last, d).
        """
        if last is None:
            bias = torch.cat((self.q_bias, torch.zeros_like(self.q_bias), self.v_bias))
            return self.proj(_attend(F.linear(tokens, self.qkv.weight, bias), self.heads))
        width = tokens.shape[-1]
        query = F.linear(tokens[:, -last:], self.qkv.weight[:width], self.q_bias)
        query = query.unflatten(2, (self.heads, -1)).transpose(1, 2)
        bias = torch.cat((torch.zeros_like(self.v_bias), self.v_bias))
        pair = F.linear(tokens, self.qkv.weight[width:], bias).unflatten(2, (2, self.heads, -1))
        key, value = pair.permute(2, 0, 3, 1, 4)  # each (B, heads, L, size)
        return self.proj(attend(query, key, value).transpose(1, 2).flatten(2))


def _attend(qkv: torch.Tensor, heads: int) -> torch.Tensor:
    clips, length, triple = qkv.shape
    qkv = qkv.view(clips, length, 3, heads, triple // (3 * heads))
    query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, L, size)
    mixed = attend(query, key, value)
    return mixed.transpose(1, 2).flatten(2)  # (B, L, d)
