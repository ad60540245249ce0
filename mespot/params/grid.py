"""Section ``grid``: the search over granularity, slice length and decoding."""

from __future__ import annotations

from pydantic import Field

from mespot.params.section import Section


class TypeGrid(Section):
    """Search space of one expression type."""

    lengths: tuple[float, ...] = Field(min_length=1, description="slice lengths tried, seconds")
    smooth: tuple[float, ...] = Field(
        min_length=1, description="sigma of the smoothing of frame scores, seconds"
    )
    thresholds: tuple[float, ...] = Field(
        min_length=1, description="frame score from which on a frame belongs to an interval"
    )
    min_length: float = Field(ge=0, description="shortest interval kept, seconds")
    max_length: float = Field(gt=0, description="longest interval kept, seconds")
    merge_gap: tuple[float, ...] = Field(
        min_length=1, description="shorter gaps between intervals are closed, seconds"
    )


class GridParams(Section):
    """Search on other subjects than the scored ones."""

    rate: float = Field(gt=0, description="moments per second at which slices are aggregated")
    me: TypeGrid
    mae: TypeGrid
