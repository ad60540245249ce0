"""Section ``grid``: the search over granularity, slice length and decoding."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mespot.params.section import Section

Share = Annotated[float, Field(gt=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]


class TypeGrid(Section):
    """Search space of one expression type; of equally good values the earlier one is taken."""

    lengths: tuple[float, ...] = Field(min_length=1, description="slice lengths tried, seconds")
    strides: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        min_length=1, description="every how many-th slice is used; slices.step is that of 1"
    )
    aggregates: tuple[Literal["weighted", "mean", "max"], ...] = Field(
        min_length=1,
        description="how slices make up the score of a moment: weighted (most for their middle), "
        "mean, max",
    )
    smooth: tuple[NotNegative, ...] = Field(
        min_length=1, description="sigma of the smoothing of frame scores, seconds"
    )
    scales: tuple[Literal["absolute", "relative"], ...] = Field(
        min_length=1,
        description="scores as they are, or relative to the video: 0 at its median, 1 at its "
        "highest",
    )
    thresholds: tuple[Share, ...] = Field(
        min_length=1, description="score that an interval has to reach, rising"
    )
    lows: tuple[Share, ...] = Field(
        min_length=1,
        description="share of the threshold at which an interval begins and ends (hysteresis); "
        "1 = at the threshold",
    )
    merge_gap: tuple[NotNegative, ...] = Field(
        min_length=1, description="shorter gaps between intervals are closed, seconds"
    )
    min_length: tuple[NotNegative, ...] = Field(
        min_length=1, description="shortest interval kept, seconds"
    )
    max_length: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        min_length=1, description="longest interval kept, seconds"
    )
    suppressions: tuple[Literal["hard", "soft"], ...] = Field(
        description="ways to suppress overlapping slices that are intervals themselves; an empty "
        "list leaves such proposals out"
    )
    max_iou: tuple[Share, ...] = Field(
        min_length=1, description="overlap above which the worse of two proposals goes"
    )


class GridParams(Section):
    """Search on other subjects than the scored ones."""

    rate: float = Field(gt=0, description="moments per second at which slices are aggregated")
    gates: tuple[NotNegative, ...] = Field(
        description="flow evidence, noise SDs, below which slices are left out: measured in "
        "gate.csv beside no gate"
    )
    me: TypeGrid
    mae: TypeGrid
