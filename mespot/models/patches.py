"""Cutting videos into tubelet patches and embedding them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def patchify(video: torch.Tensor, tubelet: int, patch: int) -> torch.Tensor:
    """Cut a video into tubelet cubes in raster order (tubelet, row, column).

    Args:
        video: (B, C, T, H, W), sizes divisible by tubelet and patch.
        tubelet: frames of a cube.
        patch: height and width of a cube, pixels.

    Returns:
        (B, N, C, tubelet, patch, patch), a view where possible.
    """
    clips, channels, frames, height, width = video.shape
    cubes = video.view(
        clips, channels, frames // tubelet, tubelet, height // patch, patch, width // patch, patch
    )
    cubes = cubes.permute(0, 2, 4, 6, 1, 3, 5, 7)  # (B, T', H', W', C, tubelet, patch, patch)
    return cubes.flatten(1, 3)


def pick(tokens: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Take tokens by index.

    Args:
        tokens: (B, N, ...).
        index: (B, K) int64.

    Returns:
        (B, K, ...).
    """
    rows = torch.arange(index.shape[0], device=index.device)[:, None]
    return tokens[rows, index]


class PatchEmbed(nn.Module):
    """Linear embedding of tubelet cubes; its weight has the shape of the published 3-D convolution.

    Only the cubes that are asked for are embedded.
    """

    def __init__(self, width: int, tubelet: int, patch: int):
        super().__init__()
        self.proj = nn.Conv3d(3, width, (tubelet, patch, patch), (tubelet, patch, patch))

    def forward(self, video: torch.Tensor, index: torch.Tensor | None = None) -> torch.Tensor:
        """Embed all cubes, or those of ``index``.

        Args:
            video: (B, 3, T, H, W).
            index: (B, K) raster indices of the wanted cubes; ``None`` = all.

        Returns:
            (B, K or N, d).
        """
        tubelet, patch, _ = self.proj.kernel_size
        cubes = patchify(video, tubelet, patch)
        if index is not None:
            cubes = pick(cubes, index)
        return F.linear(cubes.flatten(2), self.proj.weight.flatten(1), self.proj.bias)
