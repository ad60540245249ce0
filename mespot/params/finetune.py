"""Section ``finetune``: classifiers per data set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mespot.params.recipe import RecipeParams


class FinetuneParams(RecipeParams):
    """Fine-tuning of one classifier per granularity and subject-wise fold."""

    granularities: tuple[float, ...] = Field(
        min_length=1, description="time spans of the 16 frames, seconds; one classifier each"
    )
    steps: int = Field(ge=1, description="optimiser steps per classifier")
    batch: int = Field(ge=2, description="clips per step")
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
    core: float = Field(
        gt=0, le=1, description="middle share of a clip whose overlap with events is its label"
    )
    validation: float = Field(
        ge=0, le=0.5, description="share of the training subjects held out to choose the best step"
    )
    stretch: float = Field(
        ge=1, le=4, description="clips span up to this factor more or less than the granularity"
    )
    reverse: float = Field(ge=0, le=1, description="share of clips played backwards")
    shift: float = Field(ge=0, le=0.5, description="largest shift, fraction of the width")
    overlay: float = Field(
        ge=0,
        le=1,
        description="share of clips that get the motion of another clip on top; input motion only",
    )
    contrast: float = Field(ge=0, lt=1, description="largest relative change of contrast")
    brightness: float = Field(ge=0, le=255, description="largest change of brightness, grey values")

    @model_validator(mode="after")
    def _rising(self) -> FinetuneParams:
        if self.overlap_full <= self.overlap_from:
            raise ValueError(f"overlap_full must be above overlap_from = {self.overlap_from}")
        if self.validation and self.keep != "best":
            raise ValueError("validation holds subjects out for keep: best, found keep: last")
        return self
