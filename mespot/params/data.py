"""Section ``data``: where the raw data sets lie."""

from __future__ import annotations

from pydantic import Field

from mespot.params.section import Section


class DataParams(Section):
    """Where the raw data sets lie."""

    root: str = Field(
        description="folder that holds one folder per data set; empty = the embedded data"
    )
    folds: int = Field(ge=2, description="number of subject-wise folds; at most the subjects")
