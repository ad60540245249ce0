"""Section ``slices``: cutting videos into slices and scoring them."""

from __future__ import annotations

from pydantic import Field

from mespot.params.section import Section


class SlicesParams(Section):
    """Slices of several lengths."""

    lengths: tuple[float, ...] = Field(
        min_length=1, description="slice lengths, seconds; each is a stage of its own"
    )
    step: float = Field(gt=0, le=1, description="distance of slices as a fraction of their length")
    batch: int = Field(ge=1, description="slices per forward pass")
