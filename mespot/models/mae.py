"""Masked auto-encoder: an encoder of the visible tokens and a small joint-attention decoder."""

from __future__ import annotations

import torch
from torch import nn

from mespot.models.encoder import Encoder
from mespot.models.initialise import initialise_autoencoder
from mespot.models.lgi_former import LGIFormer
from mespot.models.patches import pick
from mespot.models.positions import sinusoid_table
from mespot.models.targets import masked_targets
from mespot.models.vit import ViTBlock

_EPS = 1e-6  # of layer norms, as published


class Decoder(nn.Module):
    """Plain transformer over all tokens that predicts the targets of the masked ones."""

    def __init__(self, width: int, depth: int, heads: int, outputs: int):
        super().__init__()
        self.blocks = nn.ModuleList(ViTBlock(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=_EPS)
        self.head = nn.Linear(width, outputs)

    def forward(self, tokens: torch.Tensor, masked: int) -> torch.Tensor:
        """Predict the last ``masked`` tokens, (B, N, d) to (B, masked, outputs)."""
        for block in self.blocks[:-1]:
            tokens = block(tokens)
        # nobody reads the visible tokens after the last block
        return self.head(self.norm(self.blocks[-1](tokens, masked)))


class MaskedAutoEncoder(nn.Module):
    """Masked auto-encoder of VideoMAE with the motion target of MAE-DFER.

    Args:
        encoder: the encoder to be pre-trained.
        decoder_width: channels of the decoder.
        decoder_depth: blocks of the decoder.
        decoder_heads: heads of the decoder.
        target_eps: see ``masked_targets``.
        compat_order: reproduce the published code, which gives tokens in region order the decoder
            positions of raster order (half of them wrong); only for decoders trained that way.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder_width: int,
        decoder_depth: int,
        decoder_heads: int,
        target_eps: float = 1e-6,
        compat_order: bool = False,
    ):
        super().__init__()
        self.patch = encoder.config["patch"]
        self.target_eps = target_eps
        self.compat_order = compat_order
        self.encoder = encoder
        self.encoder_norm = nn.LayerNorm(encoder.width, eps=_EPS)
        self.encoder_to_decoder = nn.Linear(encoder.width, decoder_width, bias=False)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder_width))
        outputs = 3 * encoder.config["tubelet"] * self.patch**2
        self.decoder = Decoder(decoder_width, decoder_depth, decoder_heads, outputs)
        positions = sinusoid_table(encoder.num_tokens, decoder_width)
        self.register_buffer("positions", positions, persistent=False)
        initialise_autoencoder(self)

    def forward(
        self, video: torch.Tensor, visible: torch.Tensor, masked: torch.Tensor
    ) -> torch.Tensor:
        """Reconstruct the masked tokens.

        Args:
            video: (B, 3, T, H, W).
            visible: (B, V) raster indices.
            masked: (B, M) raster indices.

        Returns:
            (B, M, 2 * patch * patch * 3), laid out as ``masked_targets``.
        """
        return self.decoder(self.decoder_input(video, visible, masked), masked.shape[1])

    def decoder_input(
        self, video: torch.Tensor, visible: torch.Tensor, masked: torch.Tensor
    ) -> torch.Tensor:
        """Tokens before the decoder: (B, N, decoder width), visible ones first."""
        tokens = self.encoder.forward_visible(video, visible)
        if self.compat_order and isinstance(self.encoder, LGIFormer):
            tokens = pick(tokens, self.encoder.visible_order(visible))
        tokens = self.encoder_to_decoder(self.encoder_norm(tokens))
        seen = tokens + self.positions[visible]
        hidden = self.mask_token + self.positions[masked]
        return torch.cat((seen, hidden.to(seen.dtype)), 1)

    def losses(
        self,
        video: torch.Tensor,
        target: torch.Tensor,
        visible: torch.Tensor,
        masked: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean squared errors of appearance and motion.

        Args:
            video: (B, 3, T, H, W) input.
            target: (B, 3, T, H, W) the video whose tubelets are to be reconstructed.
            visible: (B, V) raster indices.
            masked: (B, M) raster indices.

        Returns:
            appearance and motion loss, scalars; the published loss is their mean.
        """
        found = self(video, visible, masked).float()
        wanted = masked_targets(target, masked, self.patch, self.target_eps)
        appearance, motion = (found - wanted).square().unflatten(2, (2, -1)).mean((0, 1, 3))
        return appearance, motion
