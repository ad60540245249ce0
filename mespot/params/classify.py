"""Section ``classify``: clip classification on ``<path> <label>`` lists."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mespot.params.recipe import RecipeParams


class ClassifyParams(RecipeParams):
    """Training and test of a clip classifier."""

    model: str = Field(
        description="factory name of the encoder, see mespot.models.zoo; with --encoder its own"
    )
    input: Literal["rgb", "flow"] = Field(
        description="what the network sees of a clip, see mespot.models.inputs; with --encoder "
        "its own"
    )
    stride: int = Field(ge=1, description="distance of neighbouring frames of a clip, frames")
    short: Literal["spread", "published"] = Field(
        description="clips shorter than 16 strides, see mespot.classification.clip_frames"
    )
    windows: int = Field(ge=1, description="test clips per video, probabilities averaged")
    epochs: float = Field(gt=0, description="passes over the training list")
    batch: int = Field(ge=2, description="clips per step, over all processes and micro-batches")
    test_batch: int = Field(ge=1, description="videos per forward pass of validation and test")
    threads: int = Field(ge=0, description="CPU threads of a step; 0 = all cores")
    workers: int = Field(
        ge=0, description="loader processes per training process, at most one per core; 0 = none"
    )
    ahead: int = Field(ge=1, description="micro-batches that each loader process prepares ahead")
    limit: float = Field(
        ge=0, description="s that reading a clip may take in a loader process; 0 = no limit"
    )
