from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from mespot.core.errors import MespotError
from mespot.tables.sheets import read_headerless, read_rows
from mespot.tables.workbooks import Workbook
from tests.datasets import official

COLUMNS = ("Name", "Onset")


def fault(work) -> str:
    with pytest.raises(MespotError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_old_format_reads_like_the_new_one(tmp_path):
    cells = [["title"], ["name ", "ONSET", "x"], ["a", 3.0, None], [None, None, None], ["b", 4.5]]
    official.write_xls(tmp_path / "s.xls", {"page": cells})
    official.write_sheet(tmp_path / "s.xlsx", "page", cells)
    for name in ("s.xls", "s.xlsx"):
        rows = read_rows(tmp_path / name, "page", COLUMNS)
        assert [(row.number, row.text("Name"), row.frame("Onset")) for row in rows] == [
            (3, "a", 3.0),
            (5, "b", 4.5),
        ]


def test_the_bytes_tell_the_format_not_the_suffix(tmp_path):
    cells = [["Name", "Onset"], ["a", 3]]
    official.write_sheet(tmp_path / "new.xlsx", "page", cells)
    official.write_xls(tmp_path / "old.xls", {"page": cells})
    (tmp_path / "new.xlsx").rename(tmp_path / "really_new.xls")
    (tmp_path / "old.xls").rename(tmp_path / "really_old.xlsx")
    for name in ("really_new.xls", "really_old.xlsx"):
        assert read_rows(tmp_path / name, "page", COLUMNS)[0].frame("Onset") == 3.0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"  \n", "an empty file"),
        (b"\xef\xbb\xbf <!DOCTYPE html><html></html>", "a web page or XML text"),
        (b"<html><table></table></html>", "a web page or XML text"),
        (b"Name;Onset\na;3\n", "a text file"),
        (b"%PDF\x00\x01\x02", "a file of another kind"),
        (b"PK\x03\x04 cut off", "no readable workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut off", "no readable workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "no readable workbook"),
        (b"\x09\x08\x10\x00", "no readable workbook"),
    ],
)
@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_what_is_no_workbook_is_called_by_its_kind(tmp_path, content, found, suffix):
    path = tmp_path / f"labels{suffix}"
    path.write_bytes(content)
    message = fault(lambda: Workbook(path))
    assert message.startswith(f"{path}: found {found}, expected an Excel workbook")


def test_a_zip_that_is_no_workbook(tmp_path):
    path = tmp_path / "labels.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "found no readable workbook" in fault(lambda: Workbook(path))
    assert "cannot be read" in fault(lambda: Workbook(tmp_path / "none.xlsx"))


@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_dates_errors_and_truth_values_are_no_frames(tmp_path, suffix):
    import datetime

    import xlwt

    path = tmp_path / f"labels{suffix}"
    day = datetime.datetime(2020, 1, 2)
    cells = [["Name", "Onset"], ["a", day], ["b", True], ["c", "#N/A"]]
    if suffix == ".xls":
        book = xlwt.Workbook()
        page = book.add_sheet("page")
        for number, row in enumerate(cells):
            for column, value in enumerate(row):
                style = xlwt.easyxf(num_format_str="YYYY-MM-DD") if value is day else xlwt.XFStyle()
                page.write(number, column, value, style)
        book.save(str(path))
    else:
        official.write_sheet(path, "page", cells)
    for number, row in enumerate(read_rows(path, None, COLUMNS), start=2):
        message = fault(lambda row=row: row.frame("Onset"))
        assert f"row {number}, Onset: found" in message
        assert message.endswith("expected a frame number")


def test_the_sheet_with_the_columns_stands_in_for_a_renamed_one(tmp_path):
    path = tmp_path / "labels.xlsx"
    official.write_sheets(path, {"info": [["x"]], "Tabelle1": [["Name", "Onset"], ["a", 1]]})
    assert len(read_rows(path, "label", COLUMNS)) == 1
    official.write_sheets(path, {"info": [["x"]], "LABEL": [["Name"]]})
    assert "column 'Onset' is missing, found Name" in fault(
        lambda: read_rows(path, "label", COLUMNS)
    )
    official.write_sheets(path, {"info": [["x"]], "more": [["y"]]})
    found = fault(lambda: read_rows(path, "label", COLUMNS))
    assert "sheet 'label' is missing, found info, more" in found


def test_cells_by_place(tmp_path):
    path = tmp_path / "labels.xlsx"
    official.write_sheets(path, {"Naming Rule2": [[101, "disgust1"], [102]]})
    rows = read_headerless(Workbook(path), "naming rule2", ("code", "name"))
    assert [(row.number, row.text("code")) for row in rows] == [(1, "101"), (2, "102")]
    assert "row 2, name: found an empty cell, expected text" in fault(lambda: rows[1].text("name"))


def test_a_wrongly_stored_extent_hides_nothing(tmp_path):
    book = openpyxl.Workbook()
    for row in (["Name", "Onset"], ["a", 1], ["b", 2]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    path = tmp_path / "labels.xlsx"
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(
                name, content.replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1"')
            )
    assert len(read_rows(path, None, COLUMNS)) == 2
