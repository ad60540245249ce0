"""Findings about what a census counted: what is missing, left over, odd or repaired."""

from __future__ import annotations

from collections import Counter

from mespot.datasets.published import Published
from mespot.datasets.resolution import NOT_RECORDED
from mespot.params.data import DataParams
from mespot.preflight.census import Census
from mespot.preflight.counts import Completeness
from mespot.preflight.finding import ERROR, NOTE, OK, WARNING, Finding, few, several
from mespot.preflight.labels import ME_SECONDS
from mespot.preflight.release import describe_sheets
from mespot.tables.numbers import Numbering

_FAULTS = 5  # shown one by one
_FAULTY = ("negative_frame", "reversed_frames", "offset_missing")  # reasons of data.faulty_rows


def review_sheets(dataset: str, census: Census) -> list[Finding]:
    """Say which sheets were read, what they hold and what had to be repaired."""
    findings = []
    if not census.annotated:
        findings.append(Finding("sheets", NOTE, "the data set has no annotations"))
    elif census.rows:
        findings.append(Finding("sheets", OK, describe_sheets(dataset, census.rows)))
    elif not census.faults:
        findings.append(Finding("sheets", WARNING, "the sheets were read and hold no row"))
    for text in census.warnings[:_FAULTS]:
        findings.append(Finding("warning", WARNING, text))
    if census.rules:
        text = ", ".join(f"{name} {count:,}" for name, count in census.rules.items())
        findings.append(Finding("repairs", NOTE, f"rows touched by each rule: {text}"))
    return findings


def review_rows(census: Census, params: DataParams) -> list[Finding]:
    """Say which rows do not become events, and whether the index stops at them."""
    findings = []
    for reason, lines in census.dropped.items():
        stops, setting = False, ""
        if reason == NOT_RECORDED:
            stops, setting = not params.allow_missing, "data.allow_missing: true"
        elif reason in _FAULTY:
            stops, setting = params.faulty_rows == "stop", "data.faulty_rows: drop"
        text = f"{several(len(lines), 'row')} left out ({reason}): {few(lines, 1)}"
        if stops:
            text = (
                f"{several(len(lines), 'row')} at which the index stops ({reason}): "
                f"{few(lines, 1)}; `{setting}` leaves them out"
            )
        findings.append(Finding("rows", ERROR if stops else WARNING, text))
    return findings


def review_faults(census: Census) -> list[Finding]:
    """Repeat what would stop the index, the first ones in full."""
    findings = [Finding("fault", ERROR, text) for text in census.faults[:_FAULTS]]
    if len(census.faults) > _FAULTS:
        text = f"and {len(census.faults) - _FAULTS} more of this kind"
        findings.append(Finding("fault", ERROR, text))
    return findings


def review_missing(
    census: Census, missing: dict[str, int], whole: Completeness, allowed: bool
) -> list[Finding]:
    """Name what is not on disk, and the subjects that are complete.

    Args:
        census: of the data set.
        missing: missing video -> number of its events.
        whole: which subjects are complete.
        allowed: ``data.allow_missing``: without it the index stops at an event without a video.
    """
    findings = []
    if census.empty:
        text = f"{several(len(census.empty), 'video')} without frames: {few(census.empty, 2)}"
        if not allowed:
            text += "; the index stops there, `data.allow_missing: true` leaves them out"
        findings.append(Finding("missing", WARNING if allowed else ERROR, text))
    if not census.videos:
        return findings
    if missing:
        events = sum(missing.values())
        stops = events > 0 and not allowed
        what = "of the published list, without events"
        text = f"{several(len(missing), 'video')} "
        text += f"with {several(events, 'event')}" if events else what
        text += f": {few(list(missing))}"
        if stops:
            text += "; the index stops here: complete the download, or `data.allow_missing: true`"
        findings.append(Finding("missing", ERROR if stops else WARNING, text))
    elif census.rows:
        findings.append(Finding("missing", OK, "every video that the sheets name is on disk"))
    return [*findings, *_partial(whole, len(census.short))]


def _partial(whole: Completeness, short: int) -> list[Finding]:
    """Say which subjects are complete, unless all are."""
    if not (whole.partial or whole.absent):
        return []
    total = len(whole.complete) + len(whole.partial) + len(whole.absent)
    text = f"{len(whole.complete)} of {several(total, 'subject')} complete"
    if whole.complete:
        text += f" ({few(list(whole.complete))})"
    if short:
        text += f"; events lie outside the frames of {several(short, 'video')}"
    if whole.partial:
        parts = [f"{name} {there}/{all_}" for name, (there, all_) in whole.partial.items()]
        text += f"; partly: {few(parts)}"
    if whole.absent:
        text += f"; nothing of {few(list(whole.absent))}"
    return [Finding("partial", WARNING, text)]


def review_surplus(census: Census, published: Published | None) -> list[Finding]:
    """Name folders that were not taken, and videos that no published list names."""
    findings = []
    if census.surplus:
        names = [f"{path} ({why})" for path, why in census.surplus]
        text = f"{several(len(names), 'folder')} not taken: {few(names, 3)}"
        findings.append(Finding("surplus", WARNING, text))
    if published and published.names:
        extra = sorted({video.video for video in census.videos} - set(published.names))
        if extra:
            text = f"{several(len(extra), 'video')} that no published list names: {few(extra)}"
            findings.append(Finding("surplus", WARNING, text))
    return findings


def gaps_of(census: Census) -> dict[str, int]:
    """Video with dropped frame numbers -> how many of them, most first."""
    lacking = {}
    for video in census.videos:
        if video.numbers is not None and len(video.numbers):
            runs = Numbering.of(video.numbers).gaps
            if runs:
                lacking[video.video] = sum(b - a + 1 for a, b in runs)
    return dict(sorted(lacking.items(), key=lambda item: (-item[1], item[0])))


def first_numbers(census: Census) -> dict[int, int]:
    """Number of the first frame -> in how many frame folders, ascending."""
    counts = Counter(
        int(video.numbers[0])
        for video in census.videos
        if video.kind == "folder" and video.numbers is not None and len(video.numbers)
    )
    return dict(sorted(counts.items()))


def review_numbers(census: Census) -> list[Finding]:
    """Describe gaps and first numbers of frame folders."""
    findings = []
    gaps = gaps_of(census)
    folders = sum(video.kind == "folder" for video in census.videos)
    if gaps:
        most = few([f"{name} ({count:,})" for name, count in gaps.items()], 3)
        text = (
            f"{several(sum(gaps.values()), 'frame')} missing between others in {len(gaps):,} of "
            f"{several(folders, 'video')}, most in {most}"
        )
        findings.append(Finding("gaps", NOTE, text))
    elif folders:
        findings.append(Finding("gaps", OK, "no frame number is missing between others"))
    firsts = first_numbers(census)
    if set(firsts) - {1}:
        common = sorted(firsts.items(), key=lambda item: (-item[1], item[0]))
        parts = [f"{number} in {count:,}" for number, count in common]
        findings.append(Finding("numbering", NOTE, f"first frame number: {few(parts)} videos"))
    return findings


def review_labels(statistics: dict) -> list[Finding]:
    """Write the lengths and overlaps of events, from ``label_statistics``."""
    parts = []
    for name, kind in (("ME", "me"), ("MaE", "mae")):
        figures = statistics[kind]
        if figures["count"]:
            parts.append(
                f"median {name} {figures['median_s']:.2f} s "
                f"({figures['shortest_s']:.2f}-{figures['longest_s']:.2f})"
            )
    if not parts:
        return []
    longer = statistics["me"].get("over_half_second", 0)
    if longer:
        parts.append(f"{longer:,} of {statistics['me']['count']:,} ME last over {ME_SECONDS} s")
    pairs = statistics["overlapping_pairs"]
    if pairs:
        half = statistics["overlapping_half"]
        parts.append(f"{several(pairs, 'pair')} of events overlap, {half:,} with IoU >= 0.5")
    return [Finding("labels", NOTE, "; ".join(parts))]
