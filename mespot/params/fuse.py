"""Section ``fuse``: fusion of the model and the flow branch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mespot.params.section import Section

Share = Annotated[float, Field(ge=0, le=1)]


class FuseParams(Section):
    """Fusion of both branches."""

    max_iou: float = Field(
        ge=0, le=1, description="fused intervals that overlap more than this are suppressed"
    )
    penalty: float = Field(gt=0, description="inverse strength of the learned scorer's L2 penalty")
    margin: float = Field(
        ge=0, description="lowering of the model's threshold for candidates, score units"
    )
    me_longest: float = Field(gt=0, description="longest interval that may be an ME, seconds")
    mae_shortest: float = Field(ge=0, description="shortest interval that may be a MaE, seconds")
    weights: tuple[Share, ...] = Field(
        min_length=1, description="weights of the flow score tried in the mix of both branches"
    )
    limits: tuple[Share, ...] = Field(
        min_length=1,
        description="scores tried that one branch has to reach to confirm an interval of the other",
    )
    caution: float = Field(
        ge=0,
        description="standard errors by which a less simple member has to be better to be taken",
    )
    bins: int = Field(ge=2, description="bins of the reliability table")
    thresholds: tuple[float, ...] = Field(
        min_length=1, description="scores tried as operating point"
    )
