"""Section ``fuse``: fusion of the model and the flow branch."""

from __future__ import annotations

from pydantic import Field

from mespot.params.section import Section


class FuseParams(Section):
    """Fusion of both branches."""

    max_iou: float = Field(
        ge=0, le=1, description="fused intervals that overlap more than this are suppressed"
    )
    thresholds: tuple[float, ...] = Field(
        min_length=1, description="scores tried as operating point"
    )
