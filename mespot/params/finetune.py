"""Section ``finetune``: classifiers per data set."""

from __future__ import annotations

from pydantic import Field

from mespot.params.section import Section


class FinetuneParams(Section):
    """Fine-tuning of one classifier per granularity and subject-wise fold."""

    granularities: tuple[float, ...] = Field(
        min_length=1, description="time spans of the 16 frames, seconds; one classifier each"
    )
    steps: int = Field(ge=1, description="optimiser steps per classifier")
    batch: int = Field(ge=2, description="clips per step")
    lr: float = Field(
        gt=0, description="peak learning rate for a batch of 256, scaled by batch/256"
    )
    layer_decay: float = Field(gt=0, le=1, description="learning-rate factor per layer downwards")
    weight_decay: float = Field(ge=0, description="AdamW weight decay")
    warmup: float = Field(ge=0, le=1, description="share of the steps with a rising learning rate")
    drop_path: float = Field(ge=0, lt=1, description="stochastic depth at the last block")
    positives: float = Field(gt=0, lt=1, description="share of clips drawn around an event")
    min_overlap: float = Field(
        gt=0, le=1, description="IoU of clip and event from which on the clip is a positive"
    )
    checkpoint_every: int = Field(ge=1, description="steps between checkpoints")
