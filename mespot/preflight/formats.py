"""Findings about frame rates, sizes, colours, and frames that cannot be read."""

from __future__ import annotations

from collections import Counter

from mespot.datasets.raw import RawVideo
from mespot.preflight.finding import ERROR, NOTE, OK, WARNING, Finding, few, several
from mespot.preflight.frames import Ends, sizes_of


def review_formats(videos: list[RawVideo], ends: list[Ends] | None) -> list[Finding]:
    """Describe what kinds of videos lie there; several of a kind are worth a note.

    Args:
        videos: of the data set.
        ends: their first and last frames; ``None`` when those were not opened.
    """
    if not videos:
        return []
    rates = _shares(Counter(f"{video.fps:g} fps" for video in videos))
    opened = [video for video in videos if video.numbers is not None]
    colours = _shares(Counter("grey" if video.grey else "colour" for video in opened))
    kinds = _shares(
        Counter("frame folder" if video.kind == "folder" else "video file" for video in videos)
    )
    sizes = _shares(Counter(f"{width}x{height}" for height, width in sizes_of(ends or [])))
    parts = [few(group, 4) for group in (rates, sizes, colours, kinds) if group]
    several_kinds = any(len(group) > 1 for group in (rates, sizes, colours, kinds))
    return [Finding("format", NOTE if several_kinds else OK, "; ".join(parts))]


def review_ends(videos: list[RawVideo], ends: list[Ends]) -> list[Finding]:
    """Report first and last frames that cannot be read, and sizes that change within a video.

    One bad frame of a folder is left out by the pipeline; a video of which neither end opens, or
    whose frames differ in size, stops it.
    """
    if not ends:
        return []
    findings = []
    faulty = [end for end in ends if end.faults]
    dead = [end for end in faulty if end.first is None and end.last is None]
    hurt = [end for end in faulty if end not in dead]
    if dead:
        texts = [end.faults[0] for end in dead]
        text = f"{several(len(dead), 'video')} cannot be read: {few(texts, 3)}"
        findings.append(Finding("frames", ERROR, text))
    if hurt:
        texts = [fault for end in hurt for fault in end.faults]
        text = f"a first or last frame is broken in {several(len(hurt), 'video')}: {few(texts, 3)}"
        findings.append(Finding("frames", WARNING, text))
    changed = [
        f"{end.video} ({end.first[1]}x{end.first[0]}, then {end.last[1]}x{end.last[0]})"
        for end in ends
        if end.first and end.last and end.first != end.last
    ]
    if changed:
        text = f"the size changes within {several(len(changed), 'video')}: {few(changed, 3)}"
        findings.append(Finding("frames", ERROR, text))
    if not findings:
        text = f"the first and last frames of {several(len(ends), 'video')} can be read"
        findings.append(Finding("frames", OK, text))
    if len(ends) < len(videos):
        text = f"an even sample of {len(ends):,} of {len(videos):,} videos was opened"
        findings.append(Finding("frames", NOTE, text))
    return findings


def _shares(counts: Counter[str]) -> list[str]:
    """Name the values, most frequent first, with their counts where there are several."""
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(common) == 1:
        return [common[0][0]]
    return [f"{value} ({count:,})" for value, count in common]
