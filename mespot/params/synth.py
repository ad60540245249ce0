"""Section ``synth``: the embedded data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mespot.params.section import Section


class SynthSet(Section):
    """Size of one embedded data set."""

    subjects: int = Field(ge=1, le=99, description="number of subjects")
    videos: int = Field(ge=1, le=7, description="videos per subject")
    seconds: float = Field(ge=1, le=3600, description="length of a video, seconds")


class SynthParams(Section):
    """The embedded data."""

    difficulty: Literal["easy", "planar", "hard"] = Field(
        description="easy: small head motion; planar: strong in-plane motion; hard: also turns"
    )
    frame_size: int = Field(ge=96, le=1024, description="width and height of a frame, pixels")
    jpg_quality: int = Field(ge=50, le=100, description="quality of the jpg frames")
    samm_lv: SynthSet
    casme3: SynthSet
