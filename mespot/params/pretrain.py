"""Section ``pretrain``: masked auto-encoder pre-training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from mespot.params.loop import LoopParams


class PretrainParams(LoopParams):
    """Masked auto-encoder pre-training on all crops."""

    model: str = Field(description="factory name of the encoder, see mespot.models.zoo")
    input: Literal["rgb", "flow", "motion"] = Field(
        description="what the network sees of a clip, see mespot.models.inputs; finetune and "
        "slices follow"
    )
    weights: str = Field(
        description="folder below weights/ that `mespot import-weights` wrote, to start from; "
        "empty = fresh weights"
    )
    span: float = Field(gt=0, description="time that the 16 frames of a clip cover, seconds")
    masking: Literal["tube", "part_window", "part_window_global", "part_window_local"] = Field(
        description="how visible patches are drawn, see mespot.models.masking"
    )
    mask_ratio: float = Field(gt=0, lt=1, description="share of masked patches")
    motion_weight: float = Field(ge=0, le=1, description="weight of the motion target")
    moving: float = Field(
        ge=0, le=1, description="share of clips drawn at strong motion, the rest at any time"
    )
    crop_scales: tuple[float, ...] = Field(
        min_length=1, description="sizes of random crops, shares of the crop, in falling order"
    )
    steps: int = Field(ge=0, description="optimiser steps; 0 = keep the initial weights")
    stop_after: float = Field(
        gt=0,
        le=1,
        description="share of the steps after which training ends, the schedule being "
        "made for all of them",
    )
    threads: int = Field(
        ge=0, description="CPU threads of a step; 0 = all cores; a tiny network is best with one"
    )
    picture_every: int = Field(
        ge=0, description="steps between logged pictures of reconstructions; 0 = none"
    )

    @field_validator("weights")
    @classmethod
    def _watched(cls, value: str) -> str:
        parts = value.split("/")
        if value and (len(parts) < 2 or parts[0] != "weights" or ".." in parts):
            raise ValueError("a folder below weights/, which DVC watches")
        return value

    @field_validator("crop_scales")
    @classmethod
    def _falling(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0.2 <= scale <= 1 for scale in value) or list(value) != sorted(value)[::-1]:
            raise ValueError("numbers from 1 down to 0.2, in falling order")
        return value
