"""Fixed sinusoid position table of VideoMAE."""

from __future__ import annotations

import numpy as np
import torch


def sinusoid_table(tokens: int, width: int) -> torch.Tensor:
    """One-dimensional sinusoid over the flat token index, as in VideoMAE and MAE-DFER.

    ``P[p, 2i] = sin(p / 10000^(2i/d))`` and ``P[p, 2i+1] = cos(p / 10000^(2i/d))``, computed in
    float64 and stored as float32; neither factorised over time and space nor learned.

    Args:
        tokens: number of tokens of the whole grid, raster order (tubelet, row, column).
        width: channels ``d`` of a token.

    Returns:
        (tokens, width) float32.
    """
    position = np.arange(tokens, dtype=np.float64)[:, None]
    channel = np.arange(width)
    angle = position / np.power(10000.0, 2 * (channel // 2) / width)
    table = np.where(channel % 2 == 0, np.sin(angle), np.cos(angle))
    return torch.from_numpy(table.astype(np.float32))
