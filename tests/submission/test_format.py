from __future__ import annotations

from pathlib import Path

import pytest

from mespot.core.errors import MespotError
from mespot.submission.format import read_submission, scan_submission

GOOD = "vid,onset,offset,type\nsub03,21,41,mae\n005_7,147,147,me\n"


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "cas_pred.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path: Path) -> list[list]:
    return read_submission(path).to_numpy().tolist()


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace("onset,offset", "pred_onset,pred_offset"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD + "\n\r\n  \n",
        GOOD.rstrip("\n"),
        GOOD.replace("\nsub", "\n\nsub"),
        '"vid","onset","offset","type"\n"sub03","21","41","mae"\n005_7,"147",147,"me"\n',
        "\ufeff" + GOOD,
    ],
    ids="2023 2022 crlf cr trailing no_end blank quoted bom".split(),
)
def test_every_way_to_write_the_same_rows(tmp_path, content):
    table = read_submission(write(tmp_path, content))
    assert list(table) == ["vid", "onset", "offset", "type"]
    assert table.to_numpy().tolist() == [["sub03", 21, 41, "mae"], ["005_7", 147, 147, "me"]]


@pytest.mark.parametrize(
    ("name", "year"), [("onset,offset", 2023), ("pred_onset,pred_offset", 2022)]
)
def test_a_header_alone_is_a_file_without_predictions(tmp_path, name, year):
    path = write(tmp_path, f"vid,{name},type\n")
    scan = scan_submission(path)
    assert scan.header == year and not scan.faults
    assert rows(path) == []


HEADER_FAULTS = {
    "": "the file is empty, expected the header vid,onset,offset,type",
    "\n \n": "the file is empty",
    "vid,onset,type\na,1,me\n": "row 1: header: found 'vid,onset,type', column 'offset' is missing",
    "vid;onset;offset;type\na;1;2;me\n": "separated by semicolons, expected commas",
    "vid\tonset\toffset\ttype\na\t1\t2\tme\n": "separated by tabs, expected commas",
    "vid,onset,offset,type,score\na,1,2,me,.5\n": "surplus score",
    "onset,offset,vid,type\n1,2,a,me\n": "expected the order vid,onset,offset,type",
    "Vid,Onset,Offset,Type\na,1,2,me\n": "expected small letters without spaces",
    "vid, onset, offset, type\na,1,2,me\n": "expected small letters without spaces",
    "sub03,21,41,mae\n": "the header itself is missing",
    "video,start,end,label\n": "expected vid,onset,offset,type or vid,pred_onset,pred_offset,type",
    "\n\nvid;onset;offset;type\n": "row 3: header",
}


@pytest.mark.parametrize("content", HEADER_FAULTS, ids=range(len(HEADER_FAULTS)))
def test_header_faults(tmp_path, content):
    path = write(tmp_path, content)
    with pytest.raises(MespotError) as caught:
        read_submission(path)
    message = str(caught.value)
    assert HEADER_FAULTS[content] in message
    assert message.startswith(str(path)) and "\n" not in message


ROW_FAULTS = {
    "sub03,12.0,41,mae": "onset: found '12.0', expected a whole frame number",
    "sub03,12,x,mae": "offset: found 'x'",
    "sub03,,41,mae": "onset: found ''",
    "sub03,nan,41,mae": "onset: found 'nan'",
    "sub03,1e2,410,mae": "onset: found '1e2'",
    "sub03,1_2,41,mae": "onset: found '1_2'",
    "sub03,\u0661,41,mae": "onset: found",
    "sub03, 21,41,mae": "onset: found ' 21'",
    "sub03,-3,41,mae": "onset: found -3, expected a frame number from 0",
    "sub03,3,99999999999999999999,mae": "offset: found 99999999999999999999",
    "sub03,41,21,mae": "found onset 41 and offset 21, expected onset <= offset",
    "sub03,21,41,ME": "type: found 'ME', expected me or mae, in small letters",
    "sub03,21,41,macro": "type: found 'macro'",
    "sub03,21,41, me": "type: found ' me'",
    ",21,41,me": "vid: found ''",
    " sub03,21,41,me": "vid: found ' sub03'",
    "sub03,21,41": "found 3 cells, expected 4",
    "sub03,21,41,me,0.5": "found 5 cells, expected 4",
    "sub03;21;41;me": "found 1 cells, expected 4",
    ",,,": "vid: found ''",
    '"sub03,21,41,me': "not a readable CSV table",
}


@pytest.mark.parametrize("row", ROW_FAULTS, ids=range(len(ROW_FAULTS)))
def test_row_faults_name_the_row(tmp_path, row):
    path = write(tmp_path, f"vid,onset,offset,type\nsub03,1,9,me\n{row}\n")
    with pytest.raises(MespotError) as caught:
        read_submission(path)
    assert f"row 3: {ROW_FAULTS[row]}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_2022_file_names_its_own_columns(tmp_path):
    path = write(tmp_path, "vid,pred_onset,pred_offset,type\nsub03,x,9,me\nsub03,9,1,me\n")
    texts = [str(fault) for fault in scan_submission(path).faults]
    assert "row 2: pred_onset: found 'x'" in texts[0]
    assert "found pred_onset 9 and pred_offset 1" in texts[1]


def test_a_scan_collects_every_fault_and_keeps_the_sound_rows(tmp_path):
    path = write(tmp_path, "vid,onset,offset,type\na,1,x,me\nb,2,3,me\n\nc,4,3,me\nd,5,6,mae\n")
    scan = scan_submission(path)
    assert [fault.row for fault in scan.faults] == [2, 5]
    assert scan.rows.to_numpy().tolist() == [[3, "b", 2, 3, "me"], [6, "d", 5, 6, "mae"]]
    with pytest.raises(MespotError, match=r"row 2: .*and 1 more faults"):
        read_submission(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (GOOD.encode("utf-16"), "no UTF-8 text"),
        ("vid,onset,offset,type\nsüb,1,2,me\n".encode("latin-1"), "no UTF-8 text"),
        (b"PK\x03\x04\0\0", "binary file"),
    ],
)
def test_what_is_no_text(tmp_path, content, expected):
    with pytest.raises(MespotError, match=expected):
        read_submission(write(tmp_path, content))


def test_no_file_and_a_folder_are_one_line(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(MespotError, match="cannot be read"):
            read_submission(path)
