"""What both encoders share: geometry, embedding, positions, the interface to the other parts."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn

from mespot.models.patches import PatchEmbed
from mespot.models.positions import sinusoid_table


class Features(NamedTuple):
    """Tokens after the last block, without a final norm.

    ``messengers`` is (B, R, d), R = 0 for a plain ViT; ``locals`` is (B, N, d) in raster order,
    or ``None`` where only the messengers were asked for.
    """

    messengers: torch.Tensor
    locals: torch.Tensor | None


class Encoder(nn.Module):
    """Base of the video encoders.

    Constructor arguments are plain data and kept in ``config``, which is saved beside the weights.

    Attributes:
        grid: tokens (T', H', W').
        region: tokens (t, h, w) of a region; every region must keep the same number of visible
            tokens in the masked auto-encoder.
        num_tokens: T' * H' * W'.
        width: channels of a token.
        depth: number of blocks.
        pooling: token choice that suits this encoder's classifier.
    """

    pooling: str

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.config = config
        frames, size = config["frames"], config["size"]
        tubelet, patch = config["tubelet"], config["patch"]
        self.grid = (frames // tubelet, size // patch, size // patch)
        self.region = tuple(config["region"])
        whole = all(full % part == 0 for full, part in zip(self.grid, self.region, strict=True))
        if frames % tubelet or size % patch or not whole:
            raise ValueError(f"grid {self.grid} is not a multiple of region {self.region}")
        self.num_tokens = self.grid[0] * self.grid[1] * self.grid[2]
        self.width, self.depth = config["width"], config["depth"]
        self.patch_embed = PatchEmbed(self.width, tubelet, patch)
        positions = sinusoid_table(self.num_tokens, self.width)
        self.register_buffer("positions", positions, persistent=False)

    def embed(self, video: torch.Tensor, index: torch.Tensor | None = None) -> torch.Tensor:
        """Embed cubes and add their positions.

        Args:
            video: (B, 3, T, H, W).
            index: (B, K) raster indices, or ``None`` for all.

        Returns:
            (B, K or N, d).
        """
        positions = self.positions if index is None else self.positions[index]
        return self.patch_embed(video, index) + positions

    def forward_features(self, video: torch.Tensor, messengers_only: bool = False) -> Features:
        """Encode a whole clip.

        Args:
            video: (B, 3, T, H, W).
            messengers_only: the caller pools messengers, so locals need no last update.

        Returns:
            the tokens after the last block.
        """
        raise NotImplementedError

    def forward_visible(self, video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """Encode the visible tokens of a masked clip.

        Args:
            video: (B, 3, T, H, W).
            visible: (B, V) raster indices, ascending, the same number in every region.

        Returns:
            (B, V, d) in the order of ``visible``, without a final norm.
        """
        raise NotImplementedError

    def region_of_token(self) -> torch.Tensor:
        """Region index (raster over regions) of every token, (N,) int64."""
        axes = [
            torch.arange(full) // part for full, part in zip(self.grid, self.region, strict=True)
        ]
        counts = [full // part for full, part in zip(self.grid, self.region, strict=True)]
        time, row, column = torch.meshgrid(*axes, indexing="ij")
        return ((time * counts[1] + row) * counts[2] + column).flatten()
