"""From the rows of the sheets to events: which row becomes one, by which rules, and which does not.

The index and the check before a run both go through it, so that they count the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mespot.datasets.raw import RawEvent
from mespot.datasets.repair import Unrepairable, resolve
from mespot.tables.numbers import Numbering

MISSING = "video_not_on_disk"
NOT_RECORDED = "not_recorded"
DUPLICATE = "duplicate"


@dataclass(frozen=True)
class LeftOut:
    """A row that became no event.

    Attributes:
        row: as the sheet gives it.
        reason: as ``dropped.csv`` names it.
        error: what no rule repairs; ``None`` for other reasons.
    """

    row: RawEvent
    reason: str
    error: Unrepairable | None = None


def resolve_rows(
    rows: Iterable[RawEvent], videos: Mapping[str, tuple[Numbering, int]]
) -> tuple[list[tuple[RawEvent, dict[str, object]]], list[LeftOut]]:
    """Turn rows into events.

    Of rows with the same video, type and official ends the first one counts; it is then touched by
    the rule ``duplicate_dropped``.

    Args:
        rows: of all sheets.
        videos: official numbers and number of frames of each video on disk; 0 frames where nobody
            knows how many there are.

    Returns:
        each row that became an event with its ``onset, apex, offset`` (0-based, apex -1 where
        unknown) and ``rule``, and the rows that became none, both in the order of ``rows``.
    """
    events: dict[tuple, tuple[RawEvent, dict[str, object]]] = {}
    left: list[LeftOut] = []
    for row in rows:
        if row.dropped:
            left.append(LeftOut(row, row.dropped))
            continue
        if row.video not in videos:
            left.append(LeftOut(row, MISSING))
            continue
        numbering, frames = videos[row.video]
        try:
            if not frames:
                raise Unrepairable(row, NOT_RECORDED, "the frames of the video are unknown")
            resolved = resolve(row, numbering, frames)
        except Unrepairable as error:
            left.append(LeftOut(row, error.reason, error))
            continue
        onset, _, offset = row.official
        key = (row.video, row.type, onset, offset)
        if key in events:
            first = events[key][1]
            rules = [*str(first["rule"]).split(";"), "duplicate_dropped"]
            first["rule"] = ";".join(dict.fromkeys(filter(None, rules)))
            left.append(LeftOut(row, DUPLICATE))
            continue
        events[key] = (row, resolved)
    return list(events.values()), left
