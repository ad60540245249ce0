"""Named repairs that turn an official annotation into frame indices.

The rules of all data sets, in the order in which they apply; each one that touched a row is named
in its column ``rule`` of events.csv (rules of one data set alone stand in its adapter and come
first):

- ``fractional_frame_rounded``: half up, as the organisers of MEGC 2020 do;
- ``onset_zero_to_first``: onset 0 means that the movement began before the recording;
- ``onset_before_first_clipped``: any other onset before the first frame;
- ``offset_missing_to_apex``: offset 0, where frames count from 1, becomes the apex (MEGC 2020);
- ``offset_past_end_clipped``: to the last frame;
- ``onset_in_gap``, ``offset_in_gap``: a frame that was dropped; the nearest one inside the event;
- ``event_in_gap``: the whole event was dropped; the frame after it;
- ``apex_unknown``: not annotated (empty or -1), or outside of the event;
- ``duplicate_dropped``: the same official onset and offset of the same type stand in a later row
  as well (``mespot.datasets.index``).

What no rule repairs is an ``Unrepairable`` row, which settings may leave out by name:

- ``negative_frame``, ``reversed_frames``, ``offset_missing``: left out by
  ``data.faulty_rows: drop``;
- ``not_recorded``: the event lies before the first or after the last frame on disk; left out by
  ``data.allow_missing: true``.
"""

from __future__ import annotations

import math

import numpy as np

from mespot.core.errors import MespotError
from mespot.datasets.raw import RawEvent
from mespot.tables.numbers import Numbering


class Unrepairable(MespotError):
    """A row that no rule turns into an event.

    Attributes:
        reason: as ``dropped.csv`` names it.
    """

    def __init__(self, event: RawEvent, reason: str, found: str) -> None:
        super().__init__(f"{event.source}: row {event.row}, {event.video}: {found}")
        self.reason = reason


def resolve(event: RawEvent, numbering: Numbering, frames: int) -> dict[str, object]:
    """Convert one annotation.

    Args:
        event: as the sheet gives it.
        numbering: official numbers of its video.
        frames: number of frames of its video, at least 1.

    Returns:
        ``onset, apex, offset`` (0-based, apex -1 where unknown) and ``rule``.

    Raises:
        Unrepairable: negative or reversed numbers, or an event outside of the recording.
    """
    rules = list(event.rules)
    first, last = numbering.first, int(numbering.to_number(frames - 1))
    onset, apex, offset = _whole(event, rules)
    if offset == 0 < first:
        if apex < max(onset, 1):
            raise Unrepairable(
                event, "offset_missing",
                f"found offset 0 and apex {apex}, expected an offset, or an apex from onset "
                f"{onset} on to end the event at",
            )  # fmt: skip
        rules.append("offset_missing_to_apex")
        offset = apex
    if offset < onset:
        raise Unrepairable(
            event, "reversed_frames",
            f"found offset {offset} before onset {onset}, expected onset <= offset",
        )  # fmt: skip
    if onset > last or offset < first:
        place = f"found onset {onset}" if onset > last else f"found offset {offset}"
        raise Unrepairable(
            event, "not_recorded", f"{place}, expected an event within the frames {first}..{last}"
        )
    if onset < first:
        rules.append("onset_before_first_clipped" if onset > 0 else "onset_zero_to_first")
        onset = first
    if offset > last:
        rules.append("offset_past_end_clipped")
        offset = last
    begin, end = _indices(onset, offset, numbering, rules)
    top = -1
    if onset <= apex <= offset:
        top = min(max(int(numbering.to_index(apex)), begin), end)
    else:
        rules.append("apex_unknown")
    return {"onset": begin, "apex": top, "offset": end, "rule": ";".join(rules)}


def _whole(event: RawEvent, rules: list[str]) -> tuple[int, int, int]:
    """Return onset, apex (-1 where unknown) and offset as whole official numbers."""
    apex = -1.0 if event.apex is None else event.apex
    given = {"onset": event.onset, "apex": apex, "offset": event.offset}
    for name, number in given.items():
        if number < 0 and (name, number) != ("apex", -1):
            raise Unrepairable(
                event, "negative_frame", f"found {name} {number:g}, expected a frame number >= 0"
            )
    if any(number != math.floor(number) for number in given.values()):
        rules.append("fractional_frame_rounded")
    onset, apex, offset = (math.floor(number + 0.5) for number in given.values())
    return onset, apex, offset


def _indices(onset: int, offset: int, numbering: Numbering, rules: list[str]) -> tuple[int, int]:
    """Return the 0-based ends of an event between the first and the last official number."""
    begin = int(numbering.to_index(onset, missing="next"))
    end = int(numbering.to_index(offset, missing="previous"))
    if end < begin:
        rules.append("event_in_gap")
        return begin, begin  # the last number is no gap: a frame follows
    present = numbering.exists(np.array([onset, offset]))
    names = ("onset_in_gap", "offset_in_gap")
    rules += [name for name, there in zip(names, present, strict=True) if not there]
    return begin, end
