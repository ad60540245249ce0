"""Classifier on top of an encoder: pooled tokens, norm, linear head."""

from __future__ import annotations

import torch
from torch import nn

from mespot.core.errors import MespotError
from mespot.models.encoder import Encoder
from mespot.models.initialise import initialise_classifier

POOLINGS = ("region", "concat", "org", "all")
_MESSENGERS = ("region", "concat")  # only with LGI-Former


class Classifier(nn.Module):
    """Logits of a clip, by default two independent ones: ME and MaE.

    Args:
        encoder: the encoder; fresh weights are drawn for all of it, load pre-trained ones after.
        outputs: number of logits.
        pooling: ``region`` = mean of the messengers, ``concat`` = the messengers side by side,
            ``org`` = mean of the locals, ``all`` = mean of both; ``None`` takes what the published
            code takes (``region``, or ``org`` for a ViT). A mean forgets *where* in the face and
            when in the clip something moved; with few training steps ``concat`` learns faster.
        head_scale: factor on the initial head weight.
    """

    def __init__(
        self,
        encoder: Encoder,
        outputs: int = 2,
        pooling: str | None = None,
        head_scale: float = 0.001,
    ):
        super().__init__()
        pooling = pooling or encoder.pooling
        if pooling not in POOLINGS or (pooling in _MESSENGERS and encoder.pooling != "region"):
            raise MespotError(
                f"pooling: found {pooling!r}, expected one of {', '.join(POOLINGS)} "
                "(region and concat only with LGI-Former)"
            )
        self.config = {"outputs": outputs, "pooling": pooling}
        self.pooling = pooling
        self.encoder = encoder
        self.fc_norm = nn.LayerNorm(encoder.width, eps=1e-6)
        regions = int(encoder.region_of_token().max()) + 1 if pooling == "concat" else 1
        self.head = nn.Linear(encoder.width * regions, outputs)
        initialise_classifier(self, head_scale)

    def pooled(self, video: torch.Tensor) -> torch.Tensor:
        """Pooled and normed features, (B, 3, T, H, W) to (B, d), ``concat`` to (B, M d)."""
        alone = self.pooling in _MESSENGERS
        features = self.encoder.forward_features(video, messengers_only=alone)
        if self.pooling == "concat":
            return self.fc_norm(features.messengers).flatten(1)
        if self.pooling == "region":
            tokens = features.messengers
        elif self.pooling == "org":
            tokens = features.locals
        else:
            tokens = torch.cat((features.messengers, features.locals), 1)
        return self.fc_norm(tokens.mean(1))

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        """Logits, (B, 3, T, H, W) to (B, outputs)."""
        return self.head(self.pooled(video))
