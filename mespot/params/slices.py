"""Section ``slices``: cutting videos into slices and scoring them."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from mespot.params.section import Section


class SlicesParams(Section):
    """Slices of several lengths."""

    lengths: tuple[float, ...] = Field(
        min_length=1, description="slice lengths, seconds; each is a stage of its own"
    )
    step: float = Field(gt=0, le=1, description="distance of slices as a fraction of their length")
    batch: int = Field(ge=1, description="slices per forward pass")

    @field_validator("lengths", mode="before")
    @classmethod
    def _named_alike(cls, value: Any) -> Any:
        # DVC writes the length as it stands into a folder name, Python writes 2 seconds as 2.0
        if isinstance(value, (list, tuple)) and any(type(length) is int for length in value):
            raise ValueError("numbers with a decimal point, such as 2.0: they name folders")
        return value
