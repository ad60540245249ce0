"""Section ``flow``: region displacement and the intervals found in it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mespot.params.section import Section


class FlowParams(Section):
    """Region displacement signals and intervals."""

    method: Literal["dis", "farneback"] = Field(description="dense flow estimator")
    max_rate: float = Field(gt=0, description="flow frames per second at most")
    threshold: float = Field(gt=0, description="peak height that gives score 0.5, noise SDs")
