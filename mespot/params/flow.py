"""Section ``flow``: region displacement and the intervals found in it."""

from __future__ import annotations

from pydantic import Field, model_validator

from mespot.params.section import Section


class FlowParams(Section):
    """Region displacement signals and intervals."""

    flow_iod: float = Field(
        ge=20, le=200, description="inter-ocular distance at which flow runs, pixels"
    )
    stretch: float = Field(
        gt=0, description="time that one reference serves, besides the overlap, seconds"
    )
    overlap: float = Field(
        gt=0, description="time measured against both references at a change, seconds"
    )
    neutral_window: float = Field(
        gt=0, description="the neutral level moves no faster than this, seconds"
    )
    neutral_tolerance: float = Field(
        ge=0, description="how far the neutral level may be wrong, inter-ocular distances"
    )
    leak_lag: float = Field(
        gt=0, description="changes over this time teach how blinks and turns leak, seconds"
    )
    noise_floor: float = Field(
        gt=0, lt=0.1, description="smallest noise SD of a region, inter-ocular distances"
    )
    turn_floor: float = Field(gt=0, description="head turn too small to teach a leak, radians")
    fast_head: float = Field(
        gt=0, description="head speed that halves the confidence, inter-ocular distances per second"
    )
    threshold: float = Field(gt=0, description="peak height at which a bump counts half, noise SDs")
    slope: float = Field(gt=0, description="steepness of the score over the peak height")
    shortest: float = Field(gt=0, description="shortest expression looked for, seconds")
    longest: float = Field(gt=0, description="longest expression looked for, seconds")
    edge: float = Field(
        gt=0, lt=0.5, description="share of the peak at which an expression begins and ends"
    )
    least_amplitude: float = Field(
        gt=0, description="smallest movement that counts, inter-ocular distances"
    )
    least_speed: float = Field(
        ge=0, description="smallest amplitude per duration, inter-ocular distances per second"
    )
    enough_amplitude: float = Field(
        gt=0, description="movement that counts at any duration, inter-ocular distances"
    )
    least_departure: float = Field(
        gt=0, description="how many times farther from neutral a bump is than its flanks"
    )
    max_shared: float = Field(
        ge=0, le=1, description="share of the shorter of two intervals that they may have in common"
    )
    me_seconds: float = Field(gt=0, description="border of ME and MaE at `me_amplitude`, seconds")
    me_amplitude: float = Field(
        gt=0, description="border of ME and MaE at `me_seconds`, inter-ocular distances"
    )
    amplitude_weight: float = Field(
        ge=0, description="exponent by which a larger movement has to be shorter to be an ME"
    )

    @model_validator(mode="after")
    def _overlap_within_stretch(self) -> FlowParams:
        if self.overlap >= self.stretch:
            raise ValueError(f"overlap below stretch ({self.stretch:g} s), not {self.overlap:g} s")
        return self
