"""Section ``report``: metrics files, pictures and the HTML page."""

from __future__ import annotations

from pydantic import Field, field_validator

from mespot.params.section import Section


class PageParams(Section):
    """What the HTML page holds, which sets its size."""

    videos: int = Field(ge=0, description="videos with an interactive timeline, spread over all")
    thumbnails: int = Field(ge=1, description="faces per timeline, half of them inside intervals")
    thumbnail_size: int = Field(ge=16, le=192, description="width and height of a face, pixels")
    jpg_quality: int = Field(ge=1, le=100, description="of faces and gallery")
    samples: int = Field(ge=100, description="points per signal and timeline")
    gallery: int = Field(ge=0, description="hits, misses and false alarms shown per branch, each")
    gallery_size: int = Field(ge=16, le=384, description="width and height of its crops, pixels")


class ReportParams(Section):
    """Metrics files and pictures."""

    draws: int = Field(ge=1, description="bootstrap draws over subjects")
    confidence: float = Field(gt=0, lt=1, description="coverage of the bootstrap interval")
    min_iou: float = Field(gt=0, le=1, description="IoU from which on an interval is a hit")
    durations: tuple[float, ...] = Field(
        description="inner borders of the durations that F1 is split by, rising, seconds"
    )
    page: PageParams

    @field_validator("durations")
    @classmethod
    def _rising(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(low >= high for low, high in zip((0.0, *value), value, strict=False)):
            raise ValueError("rising values above 0")
        return value
