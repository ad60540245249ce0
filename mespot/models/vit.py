"""Plain joint-attention video transformer of VideoMAE (Tong et al., NeurIPS 2022)."""

from __future__ import annotations

import torch
from timm.layers import DropPath, Mlp
from torch import nn

from mespot.models.attention import FusedAttention
from mespot.models.encoder import Encoder, Features

_EPS = 1e-6  # of layer norms, as published


class ViTBlock(nn.Module):
    """Self-attention over all tokens and an MLP, each residual and pre-norm."""

    def __init__(self, width: int, heads: int, drop_path: float = 0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPS)
        self.attn = FusedAttention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=_EPS)
        self.mlp = Mlp(width, 4 * width)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, tokens: torch.Tensor, last: int | None = None) -> torch.Tensor:
        """Update tokens.

        Args:
            tokens: (B, L, d).
            last: the caller reads only these many last tokens; ``None`` = all.

        Returns:
            (B, L or last, d).
        """
        mixed = self.attn(self.norm1(tokens), last)
        if last is not None:
            tokens = tokens[:, -last:]
        tokens = tokens + self.drop_path(mixed)
        return tokens + self.drop_path(self.mlp(self.norm2(tokens)))


class VideoMAEViT(Encoder):
    """VideoMAE encoder: one region that spans the whole grid, no messengers.

    Args:
        frames: frames of a clip.
        size: height and width of a frame, pixels.
        width: channels of a token.
        depth: number of blocks.
        heads: attention heads.
        tubelet: frames of a token.
        patch: height and width of a token, pixels.
        drop_path: stochastic depth at the last block, rising linearly from 0.
    """

    pooling = "org"

    def __init__(
        self,
        frames: int,
        size: int,
        width: int,
        depth: int,
        heads: int,
        tubelet: int = 2,
        patch: int = 16,
        drop_path: float = 0.0,
    ):
        grid = [frames // tubelet, size // patch, size // patch]
        super().__init__(
            {
                "frames": frames,
                "size": size,
                "width": width,
                "depth": depth,
                "heads": heads,
                "region": grid,
                "tubelet": tubelet,
                "patch": patch,
            }
        )
        del self.config["region"]
        rates = [drop_path * index / max(1, depth - 1) for index in range(depth)]
        self.blocks = nn.ModuleList(ViTBlock(width, heads, rate) for rate in rates)

    def forward_features(self, video: torch.Tensor, messengers_only: bool = False) -> Features:
        """Encode a whole clip; see the base class. There are no messengers."""
        tokens = self._run(self.embed(video))
        return Features(tokens[:, :0], tokens)

    def forward_visible(self, video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """Encode visible tokens; see the base class."""
        return self._run(self.embed(video, visible))

    def _run(self, tokens: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            tokens = block(tokens)
        return tokens
