"""Section ``finetune``: classifiers per data set."""

from __future__ import annotations

from pydantic import Field, model_validator

from mespot.params.section import Section


class FinetuneParams(Section):
    """Fine-tuning of one classifier per granularity and subject-wise fold."""

    granularities: tuple[float, ...] = Field(
        min_length=1, description="time spans of the 16 frames, seconds; one classifier each"
    )
    steps: int = Field(ge=1, description="optimiser steps per classifier")
    batch: int = Field(ge=2, description="clips per step")
    lr: float = Field(gt=0, description="peak learning rate per 256 clips of batch")
    layer_decay: float = Field(gt=0, le=1, description="learning-rate factor per layer downwards")
    weight_decay: float = Field(ge=0, description="AdamW weight decay")
    warmup: float = Field(ge=0, le=1, description="share of the steps with a rising learning rate")
    drop_path: float = Field(ge=0, lt=1, description="stochastic depth at the last block")
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
    checkpoint_every: int = Field(ge=1, description="steps between checkpoints")

    @model_validator(mode="after")
    def _rising(self) -> FinetuneParams:
        if self.overlap_full <= self.overlap_from:
            raise ValueError(f"overlap_full must be above overlap_from = {self.overlap_from}")
        return self
