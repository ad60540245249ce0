"""Section ``report``: metrics files and pictures."""

from __future__ import annotations

from pydantic import Field

from mespot.params.section import Section


class ReportParams(Section):
    """Metrics files and pictures."""

    draws: int = Field(ge=1, description="bootstrap draws over subjects")
    confidence: float = Field(gt=0, lt=1, description="coverage of the bootstrap interval")
    min_iou: float = Field(gt=0, le=1, description="IoU from which on an interval is a hit")
