"""Counts of a data set, found against published, and which subjects are complete."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from mespot.datasets.published import Published
from mespot.preflight.census import Census
from mespot.preflight.finding import natural


@dataclass(frozen=True)
class Count:
    """One figure.

    Attributes:
        name: what is counted.
        found: on disk; ``None`` where it cannot be told without opening every file.
        published: by the owners; ``None`` where no source gives it.
        remark: what explains a difference.
    """

    name: str
    found: int | None
    published: int | None
    remark: str = ""

    @property
    def differs(self) -> bool:
        """Whether both are known and unequal."""
        return None not in (self.found, self.published) and self.found != self.published


def counts_of(census: Census, published: Published | None) -> list[Count]:
    """Compare what lies there with what its owners say."""
    said = published or Published(source="")
    unknown = sum(video.numbers is None for video in census.videos)
    remark = f"{unknown:,} videos were not opened" if unknown else ""
    frames = census.frames if unknown < max(len(census.videos), 1) else None
    counts = [
        Count("subjects", len(census.subjects), said.subjects),
        Count("videos", len(census.videos), said.videos),
        Count("frames", frames, said.frames, remark),
    ]
    if census.annotated:
        counts.append(Count("videos with events", int(census.events["video"].nunique()), None))
        for name, kind, figure in (("ME", "me", said.me), ("MaE", "mae", said.mae)):
            found, rows = int((census.events["type"] == kind).sum()), census.rows_of(kind)
            remark = f"{rows:,} in the sheets" if rows != found else ""
            counts.append(Count(name, found, figure, remark))
    return counts


def missing_videos(census: Census, published: Published | None) -> dict[str, int]:
    """Videos that the sheets or the published list name and the disk lacks -> their events."""
    there = {video.video for video in census.videos}
    named = set(published.names if published else ()) | set(census.missing)
    return {name: census.missing.get(name, 0) for name in sorted(named - there, key=natural)}


@dataclass(frozen=True)
class Completeness:
    """Which subjects are all there.

    Attributes:
        complete: subjects without a missing or short video.
        partial: subject -> (whole videos on disk, videos expected).
        absent: subjects without any video on disk, as their missing videos name them.
    """

    complete: tuple[str, ...]
    partial: dict[str, tuple[int, int]]
    absent: tuple[str, ...]


def completeness(census: Census, missing: dict[str, int]) -> Completeness:
    """Sort subjects by whether any of their videos is missing or shorter than its events.

    The subject of a missing video is the one whose videos share the part of the name before the
    first ``_``; all official names begin with their subject.
    """
    there: dict[str, int] = defaultdict(int)
    subject_of: dict[str, str] = {}
    for video in census.videos:
        there[video.subject] += 1
        subject_of[video.video.split("_")[0]] = video.subject
    lacking: dict[str, int] = defaultdict(int)
    for name in missing:
        prefix = name.split("_")[0]
        lacking[subject_of.get(prefix, prefix)] += 1
    for video in census.videos:
        if video.video in census.short:
            there[video.subject] -= 1
            lacking[video.subject] += 1
    return Completeness(
        complete=tuple(name for name in sorted(there, key=natural) if name not in lacking),
        partial={
            name: (there[name], there[name] + lacking[name])
            for name in sorted(lacking, key=natural)
            if name in there
        },
        absent=tuple(name for name in sorted(lacking, key=natural) if name not in there),
    )
