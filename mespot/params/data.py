"""Section ``data``: where the raw data sets lie and how they are read."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from mespot.params.section import Section


class Casme2Params(Section):
    """How CAS(ME)^2 is read."""

    layout: Literal["auto", "rawpic", "longVideoFaceCropped", "cropped"] = Field(
        description="folder of long videos to take; auto = the first of these that is there"
    )
    missing_offset: Literal["apex", "apex_plus_20", "drop"] = Field(
        description="what becomes of an event whose offset is 0: it ends at the apex (MEGC 2020), "
        "20 frames later (LGSNet, which also moves offsets before the apex), or it is left out"
    )


class ClipsParams(Section):
    """How lists of clips are read."""

    fps: float = Field(gt=0, description="frames per second of clips that are folders of frames")


class DataParams(Section):
    """Where the raw data sets lie and how they are read."""

    root: str = Field(
        description="folder that holds one folder per data set; empty = the embedded data"
    )
    folds: int | Literal["loso"] = Field(
        description="number of subject-wise folds, at most the subjects; loso = a fold per subject"
    )
    allow_missing: bool = Field(
        description="leave out events whose video or frames are not on disk instead of stopping"
    )
    faulty_rows: Literal["stop", "drop"] = Field(
        description="what becomes of a row that no rule repairs (negative or reversed frames): "
        "stop with its number, or leave it out"
    )
    casme2: Casme2Params
    clips: ClipsParams

    @field_validator("folds", mode="before")
    @classmethod
    def _number_or_loso(cls, value: Any) -> Any:
        # before the type is read: one message, not one for each of the two types
        if value == "loso" or (type(value) is int and value >= 2):
            return value
        raise ValueError("a whole number from 2 on, or loso (a fold per subject)")
