"""Base of every params section."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen group of settings; an unknown key or a value out of range is an error.

    Values live in ``params.yaml`` only: a field has a type, a range and a description with its
    unit, never a default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
