"""The attention kernel, chosen per device and number format."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Scaled dot-product attention, ``softmax(q k^T / sqrt(size)) v``.

    On a GPU PyTorch picks a fused kernel, and in float32 the CPU's is as fast as plain products or
    faster. In half precision on a CPU it is slower, backward up to ten times, so the products are
    spelt out there (figures: ``docs/benchmarks``).

    Args:
        query: (B, heads, Q, size).
        key: (B, heads, L, size).
        value: (B, heads, L, size).

    Returns:
        (B, heads, Q, size).
    """
    if query.device.type == "cpu" and query.dtype != torch.float32:
        logits = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-2, -1))
        return torch.matmul(logits.softmax(-1), value)
    return F.scaled_dot_product_attention(query, key, value)
