"""Settings of the model branch: the points of the search space, for one expression type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mespot.core.errors import MespotError


@dataclass(frozen=True)
class CurveSetting:
    """Slices of one length make a score over time, of which stretches above a threshold are taken.

    Attributes:
        granularity: time span that the classifier was trained on, seconds.
        length: length of the slices that it scored, seconds.
        step: distance of the slices, fraction of their length.
        aggregate: how slices make up the score of a moment, see ``mespot.slices.aggregate``.
        smooth: sigma of the smoothing of that score, seconds.
        scale: ``absolute``, or ``relative``: thresholds are shares of the way from the video's
            median score to its highest.
        threshold: score that an interval has to reach.
        low: share of ``threshold`` at which an interval begins and ends.
        merge_gap: shorter gaps between intervals are closed, seconds.
        min_length: shorter intervals are dropped, seconds.
        max_length: longer intervals are dropped, seconds.
    """

    granularity: float
    length: float
    step: float
    aggregate: str
    smooth: float
    scale: str
    threshold: float
    low: float
    merge_gap: float
    min_length: float
    max_length: float

    decoder = "curve"

    @property
    def lengths(self) -> tuple[float, ...]:
        """The slice lengths that it needs."""
        return (self.length,)

    def as_dict(self) -> dict[str, Any]:
        """Plain mapping, for tables and JSON."""
        return {"decoder": self.decoder, **asdict(self)}


@dataclass(frozen=True)
class ProposalSetting:
    """Slices of several lengths are the intervals, of overlapping ones the best is taken.

    Attributes:
        granularity: time span that the classifier was trained on, seconds.
        lengths: lengths of the slices, seconds.
        step: distance of the slices, fraction of their length.
        suppression: ``hard`` or ``soft``, see ``mespot.slices.proposals``.
        max_iou: its overlap.
        threshold: lowest score of an interval.
    """

    granularity: float
    lengths: tuple[float, ...]
    step: float
    suppression: str
    max_iou: float
    threshold: float

    decoder = "proposals"

    def as_dict(self) -> dict[str, Any]:
        """Plain mapping, for tables and JSON."""
        return {"decoder": self.decoder, **asdict(self)}


ModelSetting = CurveSetting | ProposalSetting


def read_setting(value: Mapping[str, Any]) -> ModelSetting:
    """Inverse of ``as_dict``.

    Raises:
        MespotError: an unknown decoder.
        TypeError: a field is missing or unknown.
    """
    fields = {key: item for key, item in value.items() if key != "decoder"}
    if value.get("decoder") == "curve":
        return CurveSetting(**fields)
    if value.get("decoder") == "proposals":
        return ProposalSetting(**{**fields, "lengths": tuple(fields["lengths"])})
    raise MespotError(f"decoder: found {value.get('decoder')!r}, expected curve or proposals")
