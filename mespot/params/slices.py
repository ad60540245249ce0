"""Section ``slices``: cutting videos into slices and scoring them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from mespot.params.section import Section


class SlicesParams(Section):
    """Slices of several lengths."""

    lengths: tuple[float, ...] = Field(
        min_length=1, description="slice lengths, seconds; each is a stage of its own"
    )
    step: float = Field(gt=0, le=1, description="distance of slices as a fraction of their length")
    waits_for: Literal["index", "flow"] = Field(
        description="stage before this one besides finetune: the gate needs flow, without it a "
        "changed flow setting would score all slices again"
    )
    gate: float = Field(
        ge=0,
        description="flow evidence, noise SDs, below which a slice is not scored (score 0); 0 = "
        "every slice is scored",
    )
    batch: int = Field(ge=1, description="slices per forward pass")

    @field_validator("lengths", mode="before")
    @classmethod
    def _named_alike(cls, value: Any) -> Any:
        # DVC writes the length as it stands into a folder name, Python writes 2 seconds as 2.0
        if isinstance(value, (list, tuple)) and any(type(length) is int for length in value):
            raise ValueError("numbers with a decimal point, such as 2.0: they name folders")
        return value

    @field_validator("gate")
    @classmethod
    def _after_flow(cls, value: float, info: ValidationInfo) -> float:
        if value and info.data.get("waits_for") == "index":
            raise ValueError("0 where slices.waits_for is index, the gate needs flow")
        return value
