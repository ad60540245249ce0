"""Section ``pretrain``: masked auto-encoder pre-training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from mespot.params.loop import LoopParams


class PretrainParams(LoopParams):
    """Masked auto-encoder pre-training on all crops, or on videos as they are."""

    source: Literal["crops", "list", "shards"] = Field(
        description="where clips come from: the crops of all data sets, or the videos of a list or "
        "of shards as they are"
    )
    videos: str = Field(
        description="list of videos, or folder of shards; relative to the repository or absolute"
    )
    frame_crop: tuple[float, float, float] = Field(
        description="part of the frame that is seen of listed videos: centre (shares of height and "
        "width) and side (share of the shorter side)"
    )
    shards_together: int = Field(ge=1, description="shards whose videos are mixed at a time")
    workers: int = Field(
        ge=0, description="loader processes for listed videos, per training process; 0 = none"
    )
    limit: float = Field(
        ge=0, description="s that reading a clip may take in a loader process; 0 = no limit"
    )
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

    @field_validator("frame_crop")
    @classmethod
    def _shares(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if not all(0 <= share <= 1 for share in value) or value[2] == 0:
            raise ValueError("three shares from 0 to 1, the last above 0")
        return value

    @model_validator(mode="after")
    def _named(self) -> PretrainParams:
        if self.source != "crops" and self.input == "motion":
            raise ValueError("input must be rgb or flow for videos as they are")
        if (self.source == "crops") == bool(self.videos):
            raise ValueError("videos must name a list or shards for these sources, for crops none")
        return self

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
