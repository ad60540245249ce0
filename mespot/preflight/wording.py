"""Findings about differing counts, and about disk and time, in units that people read."""

from __future__ import annotations

from mespot.preflight.cost import Cost
from mespot.preflight.counts import Count
from mespot.preflight.finding import ERROR, NOTE, OK, WARNING, Finding

_GB = 1e9


def write_difference(counts: list[Count], origin: str) -> list[Finding]:
    """Say which counts differ from the published ones; of embedded data that is no surprise."""
    compared = [count for count in counts if None not in (count.found, count.published)]
    if not compared:
        return []
    names = ", ".join(count.name for count in compared if count.differs)
    if not names:
        return [Finding("counts", OK, "all counts are the published ones")]
    if origin == "embedded":
        text = "the embedded data are smaller than the published set that they imitate"
        return [Finding("counts", NOTE, text)]
    return [Finding("counts", WARNING, f"not the published ones: {names}")]


def write_cost(cost: Cost) -> list[Finding]:
    """Write disk and time as estimates."""
    findings = []
    raw = f"about {_size(cost.raw_bytes)} of raw data (from {cost.sampled} files)"
    if cost.crop_bytes is None:
        findings.append(Finding("disk", NOTE, f"{raw}, {_size(cost.free_bytes)} free"))
    else:
        enough = cost.crop_bytes <= cost.free_bytes
        text = (
            f"{raw}; about {_size(cost.crop_bytes)} for {cost.crops:,} crops and signals with "
            f"DVC's copy, {_size(cost.free_bytes)} free"
        )
        findings.append(Finding("disk", OK if enough else ERROR, text))
    times = [f"index {_duration(cost.index_seconds)}"]
    if cost.preprocess_seconds is not None:
        times.append(f"preprocess {_duration(cost.preprocess_seconds)}")
    if cost.flow_seconds is not None:
        times.append(f"flow {_duration(cost.flow_seconds)}")
    processes = "1 process" if cost.cores == 1 else f"{cost.cores} processes"
    text = f"about {', '.join(times)} with {processes}"
    if cost.decode_seconds is not None:
        text += f" (decoding measured: {1 / cost.decode_seconds:,.0f} frames/s)"
    if cost.crops is None:
        text += "; the number of frames is unknown until videos are opened"
    return [*findings, Finding("time", NOTE, text)]


def _size(count: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", _GB), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
