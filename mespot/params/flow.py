"""Section ``flow``: region displacement and the intervals found in it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mespot.params.section import Section


class FlowParams(Section):
    """Region displacement signals and intervals."""

    method: Literal["dis", "farneback"] = Field(description="dense flow estimator")
    flow_iod: float = Field(
        ge=20, le=200, description="inter-ocular distance at which flow runs, pixels"
    )
    stretch: float = Field(gt=0, description="longest time that one reference serves, seconds")
    overlap: float = Field(
        gt=0, description="time measured against both references at a change, seconds"
    )
    neutral_window: float = Field(
        gt=0, description="the neutral level moves no faster than this, seconds"
    )
    leak_lag: float = Field(
        gt=0, description="changes over this time teach how blinks and turns leak, seconds"
    )
    noise_floor: float = Field(
        gt=0, lt=0.1, description="smallest noise SD of a region, inter-ocular distances"
    )
    head_floor: float = Field(
        gt=0, description="head change too small to teach a leak, inter-ocular distances"
    )
    fast_head: float = Field(
        gt=0, description="head speed that halves the confidence, inter-ocular distances per second"
    )
    threshold: float = Field(gt=0, description="peak height that gives score 0.5, noise SDs")
