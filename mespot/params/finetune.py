"""Section ``finetune``: classifiers per data set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mespot.params.loop import LoopParams


class FinetuneParams(LoopParams):
    """Fine-tuning of one classifier per granularity and subject-wise fold."""

    granularities: tuple[float, ...] = Field(
        min_length=1, description="time spans of the 16 frames, seconds; one classifier each"
    )
    steps: int = Field(ge=1, description="optimiser steps per classifier")
    batch: int = Field(ge=2, description="clips per step")
    layer_decay: float = Field(gt=0, le=1, description="learning-rate factor per layer downwards")
    drop_path: float = Field(ge=0, lt=1, description="stochastic depth at the last block")
    pooling: Literal["published", "region", "concat", "org", "all"] = Field(
        description="how the head sees the tokens, see mespot.models.classifier; published = "
        "region for LGI-Former, org for a ViT"
    )
    positives: float = Field(gt=0, lt=1, description="share of clips drawn around an event")
    overlap_from: float = Field(
        ge=0,
        lt=1,
        description="overlap of clip and event, as a share of the shorter, above which the label "
        "rises from 0",
    )
    overlap_full: float = Field(
        gt=0, le=1, description="overlap from which on the label is 1; above overlap_from"
    )
    validation: float = Field(
        ge=0, le=0.5, description="share of the training subjects held out to choose the best step"
    )
    stretch: float = Field(
        ge=1, le=4, description="clips span up to this factor more or less than the granularity"
    )
    flip: float = Field(ge=0, le=1, description="share of clips mirrored")
    reverse: float = Field(ge=0, le=1, description="share of clips played backwards")
    shift: float = Field(ge=0, le=0.5, description="largest shift, fraction of the width")
    contrast: float = Field(ge=0, lt=1, description="largest relative change of contrast")
    brightness: float = Field(ge=0, le=255, description="largest change of brightness, grey values")
    crop_area: tuple[float, float] = Field(
        description="smallest and largest share of the picture in random crops; 1, 1 = none"
    )
    crop_ratio: tuple[float, float] = Field(
        description="smallest and largest width by height of random crops"
    )
    rand_ops: int = Field(ge=0, description="RandAugment operations per clip (rgb only); 0 = none")
    rand_magnitude: float = Field(ge=0, le=10, description="strength of RandAugment")
    rand_spread: float = Field(ge=0, description="standard deviation of rand_magnitude")
    erase: float = Field(ge=0, le=1, description="share of clips with an erased box")
    erase_area: tuple[float, float] = Field(
        description="smallest and largest share of the picture that is erased"
    )
    erase_ratio: float = Field(ge=1, description="largest side ratio of the erased box")
    mixup: float = Field(ge=0, description="alpha of mixup; 0 = off")
    cutmix: float = Field(ge=0, description="alpha of CutMix; 0 = off")
    mix_chance: float = Field(ge=0, le=1, description="share of the steps with mixed clips")
    mix_switch: float = Field(ge=0, le=1, description="share of CutMix where both are on")
    smoothing: float = Field(ge=0, lt=1, description="label smoothing")

    @model_validator(mode="after")
    def _rising(self) -> FinetuneParams:
        if self.overlap_full <= self.overlap_from:
            raise ValueError(f"overlap_full must be above overlap_from = {self.overlap_from}")
        for name, top in (("crop_area", 1.0), ("crop_ratio", 10.0), ("erase_area", 1.0)):
            low, high = getattr(self, name)
            if not 0 < low <= high <= top:
                raise ValueError(f"{name} must be two rising numbers above 0, at most {top:g}")
        if self.validation and self.keep != "best":
            raise ValueError("validation holds subjects out for keep: best, found keep: last")
        return self
