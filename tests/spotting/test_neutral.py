from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.spotting.neutral import NeutralSpan, parse_neutral, read_neutral


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5-1.2", NeutralSpan(0.5, 1.2)),
        (" 0 - .5 ", NeutralSpan(0.0, 0.5)),
        ("12f-40f", NeutralSpan(12, 40, frames=True)),
        ("7f-7f", NeutralSpan(7, 7, frames=True)),
    ],
)
def test_seconds_and_frames_are_told_apart(text, expected):
    assert parse_neutral(text) == expected
    assert parse_neutral(str(expected)) == expected


@pytest.mark.parametrize("text", ["", "1", "1-", "-1-2", "1f-2", "1-2f", "1.5f-2f", "a-b", "1-2-3"])
def test_another_form_says_what_is_expected(text):
    with pytest.raises(MespotError, match="expected START-END"):
        parse_neutral(text)


@pytest.mark.parametrize("text", ["1.2-0.5", "40f-12f"])
def test_the_end_does_not_come_before_the_start(text):
    with pytest.raises(MespotError, match=f"neutral {text}: found the end before the start"):
        parse_neutral(text)


def test_frames_go_by_the_numbers_of_the_input():
    numbers = np.r_[101:111, 201:211]  # 20 frames with a gap, 0.8 s
    assert parse_neutral("103f-105f").seconds(25.0, numbers) == (0.08, 0.16)
    assert parse_neutral("201f-210f").seconds(25.0, numbers) == (0.4, 0.76)
    assert parse_neutral("0.1-0.8").seconds(25.0, numbers) == (0.1, 0.8)


@pytest.mark.parametrize("text", ["3f-105f", "105f-300f", "0.5-0.9", "3-4"])
def test_a_stretch_outside_of_the_video_is_an_error(text):
    numbers = np.arange(101, 121)
    with pytest.raises(MespotError, match=f"neutral {text}: outside of the video of"):
        parse_neutral(text).seconds(25.0, numbers)


def test_a_table_names_seconds_or_frames_by_video(tmp_path):
    path = tmp_path / "rest.csv"
    path.write_text("vid,start,end\na,0.5,1.2\n007,3,4.5\n")
    assert read_neutral(path) == {"a": NeutralSpan(0.5, 1.2), "007": NeutralSpan(3.0, 4.5)}
    path.write_text("video;start_f;end_f\na;12;40\n")
    assert read_neutral(path) == {"a": NeutralSpan(12, 40, frames=True)}
    path.write_text("vid,start,end,start_f,end_f\na,,,12,40\nb,1,2,,\n")
    assert read_neutral(path) == {
        "a": NeutralSpan(12, 40, frames=True),
        "b": NeutralSpan(1.0, 2.0),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vid,start\na,1\n", "column 'end' is missing"),
        ("vid,start,end\na,1,2\na,3,4\n", "row 3: found video a twice"),
        ("vid,start,end\na,2,1\n", "row 2: found the end before the start"),
        ("vid,start,end\na,x,1\n", "row 2: start: found 'x', expected seconds"),
        ("vid,start_f,end_f\na,1.5,2\n", "row 2: start_f: found '1.5', expected the number"),
        ("vid,start,end\na,1,\n", "row 2: expected start and end"),
        ("vid,start,end\n,1,2\n", "row 2: found no video"),
    ],
)
def test_faults_of_a_table_name_the_row(tmp_path, text, expected):
    path = tmp_path / "rest.csv"
    path.write_text(text)
    with pytest.raises(MespotError, match=expected) as fault:
        read_neutral(path)
    assert str(path) in str(fault.value) and "\n" not in str(fault.value)
