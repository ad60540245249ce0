"""Section ``pretrain``: masked auto-encoder pre-training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mespot.params.section import Section


class PretrainParams(Section):
    """Masked auto-encoder pre-training on all crops."""

    model: str = Field(description="factory name of the encoder, see mespot.models.zoo")
    input: Literal["rgb", "flow"] = Field(
        description="what the network sees of a clip, see mespot.models.inputs; finetune and "
        "slices follow"
    )
    span: float = Field(gt=0, description="time that the 16 frames of a clip cover, seconds")
    masking: Literal["tube", "part_window"] = Field(description="how visible patches are drawn")
    mask_ratio: float = Field(gt=0, lt=1, description="share of masked patches")
    motion_weight: float = Field(ge=0, le=1, description="weight of the motion target")
    steps: int = Field(ge=0, description="optimiser steps; 0 = keep the initial weights")
    batch: int = Field(ge=1, description="clips per step")
    lr: float = Field(gt=0, description="peak learning rate per 256 clips of batch")
    weight_decay: float = Field(ge=0, description="AdamW weight decay")
    warmup: float = Field(ge=0, le=1, description="share of the steps with a rising learning rate")
    threads: int = Field(
        ge=0, description="CPU threads of a step; 0 = all cores; a tiny network is best with one"
    )
    checkpoint_every: int = Field(ge=1, description="steps between checkpoints")
