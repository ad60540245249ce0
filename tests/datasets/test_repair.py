from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mespot.datasets.raw import RawEvent
from mespot.datasets.repair import Unrepairable, resolve
from mespot.tables.numbers import Numbering

FRAMES = st.sets(st.integers(0, 120), min_size=1, max_size=60)
CELL = st.one_of(
    st.integers(-3, 140).map(float),
    st.floats(-3, 140, allow_nan=False).map(lambda number: round(number, 1)),
)


@given(FRAMES, CELL, st.none() | CELL, CELL)
def test_every_row_becomes_an_event_inside_the_video_or_a_named_fault(frames, onset, apex, offset):
    numbers = np.array(sorted(frames))
    numbering = Numbering.of(numbers)
    event = RawEvent("v", onset, apex, offset, "me", "sheet", 7)
    try:
        found = resolve(event, numbering, len(numbers))
    except Unrepairable as error:
        assert str(error).startswith("sheet: row 7, v: found ")
        whole = [math.floor(number + 0.5) for number in (onset, offset)]
        assert {
            "negative_frame": min(onset, offset, 0.0 if apex in (None, -1) else apex) < 0,
            "offset_missing": whole[1] == 0,
            "reversed_frames": whole[1] < whole[0],
            "not_recorded": whole[0] > numbers[-1] or whole[1] < numbers[0],
        }[error.reason]
        return
    assert 0 <= found["onset"] <= found["offset"] < len(numbers)
    assert found["apex"] == -1 or found["onset"] <= found["apex"] <= found["offset"]
    rules = set(filter(None, str(found["rule"]).split(";")))
    ends = numbering.to_number(np.array([found["onset"], found["offset"]])).tolist()
    if rules <= {"apex_unknown"}:
        assert ends == [onset, offset]
    elif ends != [onset, offset]:
        assert rules - {"apex_unknown"}
    if found["apex"] == -1:
        assert "apex_unknown" in rules


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((0.0, 0.0, 0.0), (0, 0, 0, "")),
        ((0.0, None, 4.0), (0, -1, 4, "apex_unknown")),
        ((2.0, 0.0, 4.0), (2, -1, 4, "apex_unknown")),
    ],
)
def test_frame_zero_is_a_frame_where_frames_count_from_zero(cells, expected):
    onset, apex, offset = cells
    found = resolve(RawEvent("v", onset, apex, offset, "me", "s", 2), Numbering(0), 10)
    assert (found["onset"], found["apex"], found["offset"], found["rule"]) == expected
