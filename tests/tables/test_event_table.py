from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mespot.core.errors import MespotError
from mespot.scoring.files import score_files
from mespot.spotting.neutral import NeutralSpan, read_neutral
from mespot.submission.format import read_submission
from mespot.tables.event_table import clock_seconds, read_table, type_of

NEEDED = ("video", "onset", "offset", "type")
PLAIN = "vid,onset,offset,type\nsub 1,0,9,me\n007,5,60,mae\nNA,1,2,me\n"
ROWS = [["sub 1", "0", "9", "me"], ["007", "5", "60", "mae"], ["NA", "1", "2", "me"]]
DIALECTS = {
    "plain": PLAIN.encode(),
    "mark": PLAIN.encode("utf-8-sig"),
    "utf16": PLAIN.encode("utf-16"),
    "utf16 big": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "crlf": PLAIN.replace("\n", "\r\n").encode(),
    "cr": PLAIN.replace("\n", "\r").encode(),
    "blank lines": PLAIN.replace("\n", "\n\n , ,,\n").encode(),
    "semicolon": PLAIN.replace(",", ";").encode(),
    "tab": PLAIN.replace(",", "\t").encode("utf-16"),
    "bar": PLAIN.replace(",", "|").encode(),
    "sep line": b"sep=;\r\n" + PLAIN.replace(",", ";").encode(),
    "quoted": PLAIN.replace("sub 1", '"sub 1"').replace("vid", '"vid"').encode(),
    "spaces": PLAIN.replace(",", " , ").encode(),
    "names": PLAIN.replace("vid,onset,offset", "Video,Pred_Onset,PRED_OFFSET").encode(),
    "no end": PLAIN.rstrip("\n").encode(),
    "further columns": PLAIN.replace("\n", ',"a;b; c"\n').replace('"a;b; c"', "note", 1).encode(),
}


def write(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(path):
    table = read_table(path, NEEDED, known=())
    return [list(row) for row in zip(*(table.cells[name] for name in NEEDED), strict=True)]


def values(path, column):
    table = read_table(path, ("video", column))
    return [table.number(row, column) for row in range(len(table))]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_cells(tmp_path, dialect):
    assert cells(write(tmp_path, DIALECTS[dialect])) == ROWS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_can_be_scored(tmp_path, dialect):
    truth = write(tmp_path, PLAIN, "truth.csv")
    result = score_files(write(tmp_path, DIALECTS[dialect]), truth, draws=0)
    assert [result["overall"][key] for key in ("tp", "fp", "fn")] == [3, 0, 0]


def test_latin_1_is_read_with_a_word(tmp_path, caplog):
    path = write(tmp_path, "vid,onset,offset,type\nJörg,1,2,me\n".encode("latin-1"))
    assert cells(path) == [["Jörg", "1", "2", "me"]]
    assert "found no UTF-8, read as Latin-1" in caplog.text and str(path) in caplog.text


def test_lines_are_those_of_the_file(tmp_path):
    path = write(tmp_path, '\nvid,onset,note\n\na,1,"two\nlines"\nb,x,\n')
    table = read_table(path, ("video", "onset"))
    assert table.lines == [4, 6]
    assert str(table.fault(1, "onset", "y")) == f"{path}: row 6, onset: found 'x', expected y"


def test_a_short_row_may_lack_only_what_nobody_needs(tmp_path):
    path = write(tmp_path, "vid,onset,apex\na,1\n")
    assert read_table(path, ("video", "onset")).cells["apex"] == [""]
    with pytest.raises(MespotError, match="row 2: found 2 fields, expected 3 as in the header"):
        read_table(path, ("video", "onset", "apex"))


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
NAMES = st.one_of(TEXT, st.sampled_from(["NA", "007", "None", "nan", "1e5", "1.0", "1,5", "TRUE"]))
ROWS_OF = st.lists(
    st.tuples(
        NAMES.map(str.strip).filter(bool),
        st.integers(0, 10**6).map(str),
        st.integers(0, 10**6).map(str),
        st.sampled_from(["me", "mae"]),
    ),
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=ROWS_OF,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_a_program_saves_comes_back(tmp_path, rows, delimiter, encoding, end):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerows([("vid", "onset", "offset", "type"), *rows])
    path = write(tmp_path, text.getvalue().encode(encoding))
    assert cells(path) == [list(row) for row in rows]


@settings(max_examples=60)
@given(milliseconds=st.integers(0, 10**8), sign=st.sampled_from(".,"), hours=st.booleans())
def test_clock_times_come_back(milliseconds, sign, hours):
    minutes, rest = divmod(milliseconds, 60_000)
    clock = f"{rest // 1000:02d}{sign}{rest % 1000:03d}"
    ahead = f"{minutes // 60:02d}:{minutes % 60:02d}" if hours else f"{minutes}"
    assert clock_seconds(f"{ahead}:{clock}") == pytest.approx(milliseconds / 1000)


@pytest.mark.parametrize("text", ["00:00:61.5", "00:60:01", "00:00:01:12", "1:", ":30", "0:1.5:2"])
def test_what_is_no_clock_time(text):
    assert clock_seconds(text) is None


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("vid;onset_s\na;0,4\n", "onset_s", [0.4]),
        ("vid;onset_s\na;1,250\nb;0,5\n", "onset_s", [1.25, 0.5]),
        ("vid;onset_s;fps\na;1,250;29,970\n", "onset_s", [1.25]),
        ("vid\tonset_s\na\t1.250\n", "onset_s", [1.25]),
        ("vid,onset_s\na,00:01:02.5\nb,1:02.5\n", "onset_s", [62.5, 62.5]),
        ('vid,onset_s\na,"00:01:02,500"\n', "onset_s", [62.5]),
        ("vid,onset\na,12.000\nb,12.0\n", "onset", [12.0, 12.0]),
        ("vid,onset\na,1:02.5\n", "onset", [None]),
        ("vid,onset_s\na,1_0\n", "onset_s", [None]),
        ('vid,onset_s\na,"1,234,567"\n', "onset_s", [None]),
    ],
)
def test_numbers_and_times(tmp_path, text, column, expected):
    assert values(write(tmp_path, text), column) == expected
    assert math.isnan(values(write(tmp_path, f"vid,{column}\na,\n"), column)[0])


@pytest.mark.parametrize(
    ("text", "column", "advice"),
    [
        ("vid;onset_s\na;1,234\n", "onset_s", "'1,234', .*write 1234 or 1.234"),
        ("vid;onset\na;1.234\n", "onset", "'1.234', .*write 1234 or 1.2340"),
        ('vid,onset\na,"1,234"\n', "onset", "'1,234', .*write 1234 or 1.234"),
        ("vid;onset_s\na;0,5\nb;1.234\n", "onset_s", "'1.234', .*write 1234 or 1.2340"),
    ],
)
def test_an_ambiguous_number_is_refused_with_advice(tmp_path, text, column, advice):
    with pytest.raises(MespotError, match=f"row [23], {column}: found {advice}") as fault:
        values(write(tmp_path, text), column)
    assert "\n" not in str(fault.value)


def test_spellings_of_types():
    written = "ME micro Micro-expression micro_expressions MaE macro Macro-Expression happy".split()
    assert [type_of(text) for text in written] == ["me"] * 4 + ["mae"] * 3 + [None]


def test_seconds_are_scored_where_the_rate_is_known(tmp_path):
    truth = write(tmp_path, "vid,onset,offset,type\na,25,49,me\nb,0,10,mae\n", "truth.csv")
    found = write(tmp_path, "vid;onset_s;offset_s;type\na;0:01.0;1,96;me\nb;0;0,4;mae\n")
    assert score_files(found, truth, fps=25, draws=0)["overall"]["tp"] == 2
    listed = write(tmp_path, "vid,fps\na,25\nb,25\n", "videos.csv")
    assert score_files(found, truth, videos_csv=listed, draws=0)["overall"]["tp"] == 2
    with pytest.raises(MespotError, match="'onset_s' holds seconds, expected frames .*--fps"):
        score_files(found, truth)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_tables_of_neutral_stretches(tmp_path, encoding):
    text = "Video;START;End\r\nJörg;0,5;00:00:01,250\r\n007;3;4,5\r\n"
    expected = {"Jörg": NeutralSpan(0.5, 1.25), "007": NeutralSpan(3.0, 4.5)}
    assert read_neutral(write(tmp_path, text.encode(encoding))) == expected


def test_a_submission_is_told_what_it_was_saved_as(tmp_path):
    for content, found in (
        (PLAIN.encode("utf-16"), "found UTF-16"),
        (PLAIN.replace("sub", "süb").encode("latin-1"), "found Latin-1"),
        (DIALECTS["sep line"], "row 1: header: found 'sep=;'"),
        (DIALECTS["semicolon"], "separated by semicolons, expected commas"),
    ):
        with pytest.raises(MespotError, match=found):
            read_submission(write(tmp_path, content, "cas_pred.csv"))
    assert read_submission(write(tmp_path, DIALECTS["mark"]))["vid"].tolist()[1:] == ["007", "NA"]
