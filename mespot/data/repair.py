"""Named repairs that turn an official annotation into frame indices.

The rules, in the order in which they apply; each one that touched a row is named in its column
``rule`` of events.csv:

- ``fractional_frame_rounded``: half up, as the organisers of MEGC 2020 do;
- ``onset_zero_to_first``: onset 0 means that the movement began before the recording;
- ``onset_before_first_clipped``: any other onset before the first frame;
- ``offset_missing_to_apex``: offset 0, or before the onset, becomes the apex (rule of MEGC 2020);
- ``offset_past_end_clipped``: to the last frame;
- ``onset_in_gap``, ``offset_in_gap``: a frame that was dropped; the nearest one inside the event;
- ``event_in_gap``: the whole event was dropped; the frame after it;
- ``apex_unknown``: not annotated, or outside of the event.
"""

from __future__ import annotations

import math

import numpy as np

from mespot.data.numbers import Numbering
from mespot.data.raw import RawEvent
from mespot.errors import MespotError


def resolve(event: RawEvent, numbering: Numbering, frames: int) -> dict[str, object]:
    """Convert one annotation.

    Args:
        event: as the sheet gives it.
        numbering: official numbers of its video.
        frames: number of frames of its video.

    Returns:
        ``onset, apex, offset`` (0-based, apex -1 where unknown) and ``rule``.

    Raises:
        MespotError: an event after the last frame, or an offset that no rule mends.
    """
    where = f"{event.source}: row {event.row}, {event.video}"
    rules = list(event.rules)
    last = int(numbering.to_number(frames - 1))
    given = (event.onset, event.apex or 0.0, event.offset)
    onset, apex, offset = (math.floor(number + 0.5) for number in given)
    if any(number != math.floor(number) for number in given):
        rules.append("fractional_frame_rounded")
    if onset < numbering.first:
        rules.append("onset_before_first_clipped" if onset > 0 else "onset_zero_to_first")
        onset = numbering.first
    if offset < onset:
        if apex < onset:
            raise MespotError(
                f"{where}: found offset {offset} before onset {onset} and no apex between, "
                "expected onset <= offset"
            )
        rules.append("offset_missing_to_apex")
        offset = apex
    if onset > last:
        raise MespotError(f"{where}: found onset {onset}, expected at most {last}, the last frame")
    if offset > last:
        rules.append("offset_past_end_clipped")
        offset = last
    begin = int(numbering.to_index(onset, missing="next"))
    end = int(numbering.to_index(offset, missing="previous"))
    if end < begin:
        rules.append("event_in_gap")
        begin = end = min(begin, frames - 1)
    else:
        present = numbering.exists(np.array([onset, offset]))
        names = ("onset_in_gap", "offset_in_gap")
        rules += [name for name, there in zip(names, present, strict=True) if not there]
    if onset <= apex <= offset:
        top = min(max(int(numbering.to_index(apex)), begin), end)
    else:
        rules.append("apex_unknown")
        top = -1
    return {"onset": begin, "apex": top, "offset": end, "rule": ";".join(rules)}
