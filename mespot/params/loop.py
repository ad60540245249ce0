"""Settings that both trainings share: those of the one loop."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from mespot.params.section import Section


class LoopParams(Section):
    """Batch, schedule, number formats, checkpoints."""

    batch: int = Field(ge=1, description="clips per step, over all processes and micro-batches")
    accumulate: int = Field(
        ge=1, description="micro-batches that a process cuts its part of a batch into"
    )
    lr: float = Field(gt=0, description="peak learning rate per 256 clips of batch")
    final_lr: float = Field(ge=0, le=1, description="last learning rate, share of the peak")
    warmup: float = Field(ge=0, le=1, description="share of the steps with a rising learning rate")
    betas: tuple[float, float] = Field(description="AdamW betas, each 0 to below 1")
    weight_decay: float = Field(ge=0, description="AdamW weight decay")
    final_weight_decay: float = Field(
        ge=0, description="weight decay at the end, share of weight_decay"
    )
    clip_norm: float = Field(ge=0, description="largest gradient norm; 0 = no clipping")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        description="format of matrix products; auto = fp32 on a CPU, bf16 on CUDA"
    )
    ema: float = Field(
        ge=0,
        lt=1,
        description="decay of a moving average of the weights, saved in place of the "
        "last ones; 0 = none",
    )
    compile: bool = Field(description="use torch.compile; needs a C++ compiler or Triton")
    prefetch: int = Field(ge=0, le=64, description="micro-batches prepared ahead by a thread")
    log_every: int = Field(ge=1, description="steps between logged speed, gradient norm, memory")
    checkpoint_every: int = Field(ge=1, description="steps between checkpoints")
    keep: Literal["last", "best"] = Field(
        description="weights kept: last, or those of the checkpoint with the lowest loss"
    )

    @field_validator("betas")
    @classmethod
    def _below_one(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in value):
            raise ValueError("two numbers from 0 to below 1")
        return value
