"""LGI-Former: local-global interaction transformer of MAE-DFER (Sun et al., ACM MM 2023).

Tokens live in regions of (t, h, w); each region has one learned messenger. A block lets every
region talk inside itself, then the messengers among each other, then every local token listen to
all messengers. Messengers (B, R, d) and locals (B, R, s, d) are two tensors throughout.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from timm.layers import DropPath, Mlp
from torch import nn

from mespot.models.attention import SplitAttention
from mespot.models.encoder import Encoder, Features
from mespot.models.patches import pick

_EPS = 1e-6  # of layer norms, as published


class LGIBlock(nn.Module):
    """Three attentions and one MLP, each residual and pre-norm.

    Stochastic depth drops whole clips in all four parts. The published code drops single regions
    in two of them, because it sees regions as samples.
    """

    def __init__(self, width: int, heads: int, drop_path: float):
        super().__init__()
        self.first_attn_norm0 = nn.LayerNorm(width, eps=_EPS)
        self.first_attn = SplitAttention(width, heads)
        self.second_attn_norm0 = nn.LayerNorm(width, eps=_EPS)
        self.second_attn = SplitAttention(width, heads)
        self.third_attn_norm0 = nn.LayerNorm(width, eps=_EPS)
        self.third_attn_norm1 = nn.LayerNorm(width, eps=_EPS)
        self.third_attn = SplitAttention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=_EPS)
        self.mlp = Mlp(width, 4 * width)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(
        self, messengers: torch.Tensor, local: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Update both kinds of tokens.

        Args:
            messengers: (B, R, d).
            local: (B, R, s, d).

        Returns:
            the updated (B, R, d) and (B, R, s, d).
        """
        clips, regions = messengers.shape[:2]
        both = torch.cat((messengers[:, :, None], local), 2)  # (B, R, 1 + s, d)
        mixed = self.first_attn(self.first_attn_norm0(both).flatten(0, 1))
        both = both + self.drop_path(mixed.unflatten(0, (clips, regions)))
        messengers = self._exchange(both[:, :, 0])
        flat = both[:, :, 1:].flatten(1, 2)  # (B, R * s, d)
        heard = self.third_attn.query(
            self.third_attn_norm0(flat), self.third_attn_norm1(messengers)
        )
        flat = torch.cat((messengers, flat + self.drop_path(heard)), 1)  # (B, R + R * s, d)
        flat = flat + self.drop_path(self.mlp(self.norm2(flat)))
        return flat[:, :regions], flat[:, regions:].unflatten(1, (regions, -1))

    def forward_messengers(self, messengers: torch.Tensor, local: torch.Tensor) -> torch.Tensor:
        """Update the messengers only: all that a classifier which pools them needs of this block.

        Args:
            messengers: (B, R, d).
            local: (B, R, s, d).

        Returns:
            (B, R, d), equal to the first result of ``forward``.
        """
        clips, regions = messengers.shape[:2]
        both = torch.cat((messengers[:, :, None], local), 2)  # (B, R, 1 + s, d)
        normed = self.first_attn_norm0(both).flatten(0, 1)
        read = self.first_attn.query_plain(normed[:, :1], normed)  # (B * R, 1, d)
        messengers = messengers + self.drop_path(read.view(clips, regions, -1))
        messengers = self._exchange(messengers)
        return messengers + self.drop_path(self.mlp(self.norm2(messengers)))

    def _exchange(self, messengers: torch.Tensor) -> torch.Tensor:
        return messengers + self.drop_path(self.second_attn(self.second_attn_norm0(messengers)))


class LGIFormer(Encoder):
    """LGI-Former encoder.

    Args:
        frames: frames of a clip.
        size: height and width of a frame, pixels.
        width: channels of a token.
        depth: number of blocks.
        heads: attention heads.
        region: tokens (t, h, w) of a region; must divide the token grid.
        tubelet: frames of a token.
        patch: height and width of a token, pixels.
        drop_path: stochastic depth at the last block, rising linearly from 0.
    """

    pooling = "region"

    def __init__(
        self,
        frames: int,
        size: int,
        width: int,
        depth: int,
        heads: int,
        region: Sequence[int],
        tubelet: int = 2,
        patch: int = 16,
        drop_path: float = 0.0,
    ):
        super().__init__(
            {
                "frames": frames,
                "size": size,
                "width": width,
                "depth": depth,
                "heads": heads,
                "region": list(region),
                "tubelet": tubelet,
                "patch": patch,
            }
        )
        order = torch.argsort(self.region_of_token(), stable=True)
        self.num_regions = self.num_tokens // (region[0] * region[1] * region[2])
        self.register_buffer("region_order", order, persistent=False)
        self.register_buffer("raster_order", torch.argsort(order), persistent=False)
        self.register_buffer("token_region", self.region_of_token(), persistent=False)
        self.lg_region_tokens = nn.Parameter(torch.zeros(self.num_regions, width))
        rates = [drop_path * index / max(1, depth - 1) for index in range(depth)]
        self.blocks = nn.ModuleList(LGIBlock(width, heads, rate) for rate in rates)

    def forward_features(self, video: torch.Tensor, messengers_only: bool = False) -> Features:
        """Encode a whole clip; see the base class."""
        tokens = self.embed(video)[:, self.region_order]
        local = tokens.unflatten(1, (self.num_regions, -1))  # (B, R, s, d)
        messengers = self.lg_region_tokens.expand(video.shape[0], -1, -1)
        for block in self.blocks[:-1]:
            messengers, local = block(messengers, local)
        if messengers_only:
            return Features(self.blocks[-1].forward_messengers(messengers, local), None)
        messengers, local = self.blocks[-1](messengers, local)
        return Features(messengers, local.flatten(1, 2)[:, self.raster_order])

    def forward_visible(self, video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """Encode visible tokens; see the base class."""
        order = self.visible_order(visible)
        tokens = self.embed(video, torch.gather(visible, 1, order))
        local = tokens.unflatten(1, (self.num_regions, -1))  # (B, R, v, d)
        messengers = self.lg_region_tokens.expand(video.shape[0], -1, -1)
        for block in self.blocks:
            messengers, local = block(messengers, local)
        return pick(local.flatten(1, 2), torch.argsort(order, 1))

    def visible_order(self, visible: torch.Tensor) -> torch.Tensor:
        """Permutation (B, V) that sorts visible tokens by region and, inside, by raster index."""
        return torch.argsort(self.token_region[visible] * self.num_tokens + visible, 1)
