from __future__ import annotations

import pytest

from mespot.core.errors import MespotError
from mespot.datasets import casme2
from mespot.datasets.index import build_index
from mespot.params import load_params
from mespot.tables.load import read_events, read_videos
from tests.datasets import official

DATA = load_params().data
MACRO, MICRO = "macro-expression", "micro-expression"
ROWS = [[15, "0101", 3, 5, 9, MACRO], [16, "0102", 1, 2, 4, MICRO]]
VIDEOS = {"s15/15_0101disgustingteeth": 12, "s16/16_0102eatingworms": 6}


def settings(**values):
    return DATA.model_copy(update={"casme2": DATA.casme2.model_copy(update=values)})


def index(root, params=DATA):
    build_index("casme2", root, root / "out", params)
    return read_videos(root / "out" / "videos.csv"), read_events(root / "out" / "events.csv")


def fault(root, params=DATA) -> str:
    with pytest.raises(MespotError) as caught:
        index(root, params)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("layout", "frame"),
    [
        ("rawpic", "img{}.jpg"),
        ("rawpic", "img{:03d}.jpg"),
        ("longVideoFaceCropped", "img_{}.jpg"),
        ("cropped", "img{}.jpg"),
    ],
)
def test_every_layout_gives_the_same_events(tmp_path, layout, frame):
    folder = official.casme2(tmp_path, ROWS, VIDEOS, layout, frame)
    official.write_frames(folder / layout / "s15/15_0101disgustingteeth", ["Thumbs.db"], b"")
    official.write_frames(folder / layout / "s15/15_0101disgustingteeth", ["note 99.png"], b"")
    videos, events = index(tmp_path)
    assert videos["video"].tolist() == ["15_0101disgustingteeth", "16_0102eatingworms"]
    assert videos["subject"].tolist() == ["s15", "s16"]
    assert videos["frames"].tolist() == [12, 6]
    assert videos["fps"].tolist() == [30.0, 30.0]
    columns = ["video", "onset", "apex", "offset", "type", "rule", "row"]
    assert events[columns].values.tolist() == [
        ["15_0101disgustingteeth", 2, 4, 8, "mae", "", 1],
        ["16_0102eatingworms", 0, 1, 3, "me", "", 2],
    ]


def test_the_layout_is_chosen_by_settings(tmp_path):
    folder = official.casme2(tmp_path, ROWS, VIDEOS, "rawpic")
    official.casme2(tmp_path, ROWS, VIDEOS, "longVideoFaceCropped", "img_{}.jpg")
    official.write_frames(folder / "selectedpic/s15/anger1_1", ["img1.jpg"], official.COLOUR)
    assert index(tmp_path)[0]["path"].str.contains("rawpic").all()
    videos, _ = index(tmp_path, settings(layout="longVideoFaceCropped"))
    assert videos["path"].str.contains("longVideoFaceCropped").all()
    found = fault(tmp_path, settings(layout="cropped"))
    assert "found no folder of long videos, expected cropped" in found


@pytest.mark.parametrize(
    ("rule", "expected", "names"),
    [
        ("apex", [(3, 7), (3, 5)], ["offset_missing_to_apex", "apex_unknown"]),
        (
            "apex_plus_20",
            [(3, 27), (3, 26)],
            ["offset_missing_to_apex_plus_20", "offset_before_apex_to_apex_plus_20"],
        ),
        ("drop", [(3, 5)], ["apex_unknown"]),
    ],
)
def test_missing_offsets_by_rule(tmp_path, rule, expected, names):
    rows = [[15, "0101", 4, 8, 0, MACRO], [15, "0101", 4, 7, 6, MACRO]]
    official.casme2(tmp_path, rows, {"s15/15_0101disgustingteeth": 40})
    _, events = index(tmp_path, settings(missing_offset=rule))
    events = events.sort_values("row")
    assert list(zip(events["onset"], events["offset"], strict=True)) == expected
    assert events["rule"].tolist() == names
    assert events["official_offset"].tolist() == [0, 6][-len(expected) :]
    dropped = (tmp_path / "out" / "dropped.csv").read_text().splitlines()[1:]
    missing = f"{official.CASME2_WORKBOOK},1,15_0101disgustingteeth,4,0,mae,missing_offset"
    assert dropped == ([missing] if rule == "drop" else [])


def test_misspelt_folders_keep_their_path_and_get_the_official_name(tmp_path):
    official.casme2(tmp_path, ROWS, {"s15/15_0101disgustingteath": 12, "s16/16_0102 worms": 6})
    videos, events = index(tmp_path)
    assert videos["video"].tolist() == ["15_0101disgustingteeth", "16_0102eatingworms"]
    assert videos["path"][0] == "casme2/rawpic/s15/15_0101disgustingteath"
    assert (events["rule"] == "").all()


def test_a_clip_in_the_folder_of_another_subject(tmp_path, caplog):
    rows = [[23, "0502", 1, 2, 3, MACRO]]
    folder = official.casme2(tmp_path, rows, {"s19/23_0502funnyerrors": 5})
    videos, _ = index(tmp_path)
    assert videos[["subject", "video"]].values.tolist() == [["s23", "23_0502funnyerrors"]]
    assert "rawpic/s19/23_0502funnyerrors is taken as video 23_0502funnyerrors" in caplog.text
    official.write_frames(folder / "rawpic/s23/23_0502funnyerrors", ["img1.jpg"] * 5,
                          official.COLOUR)  # fmt: skip
    assert index(tmp_path)[0]["path"].tolist() == ["casme2/rawpic/s23/23_0502funnyerrors"]
    assert casme2.surplus(folder, DATA) == [
        ("rawpic/s19/23_0502funnyerrors", "23_0502funnyerrors lies in s23")
    ]


def test_the_surplus_folder_stands_in_for_the_lost_one(tmp_path, caplog):
    rows = [[23, "0502", 1, 2, 3, MACRO]]
    folder = official.casme2(tmp_path, rows, {"s19/19_0502funnyerrors": 5})
    videos, events = index(tmp_path)
    assert videos[["subject", "video"]].values.tolist() == [["s23", "23_0502funnyerrors"]]
    assert events["rule"].tolist() == ["video_filed_as_19_0502"]
    assert casme2.surplus(folder, DATA) == []


def test_surplus_folders_are_reported_and_not_taken(tmp_path, caplog):
    more = {"s19/19_0502funnyerrors": 2, "s23/23_0502funnyerrors": 2, "s15/new": 2}
    folder = official.casme2(tmp_path, ROWS, VIDEOS | more)
    videos, _ = index(tmp_path)
    assert len(videos) == 3
    assert casme2.surplus(folder, DATA) == [
        ("rawpic/s15/new", "expected a name that begins with subject and code (15_0101)"),
        ("rawpic/s19/19_0502funnyerrors", "no published list of the videos names it"),
    ]
    assert "19_0502funnyerrors is not taken: no published list" in caplog.text


def test_two_folders_of_one_video_are_named(tmp_path):
    official.casme2(tmp_path, ROWS, VIDEOS | {"s15/15_0101disgustingteeth copy": 12})
    assert "15_0101disgustingteeth lies also in" in fault(tmp_path)


@pytest.mark.parametrize("name", ["CAS(ME)^2code_final(Updated).xlsx", "CAS(ME)^2code_final.xls"])
def test_names_and_formats_of_the_workbook(tmp_path, name, caplog):
    caplog.set_level("INFO")
    folder = official.casme2(tmp_path, ROWS, VIDEOS)
    (folder / official.CASME2_WORKBOOK).unlink()
    sheets = official.casme2_sheets(ROWS, [15, 16], number_codes=name.endswith("xls"))
    write = official.write_xls if name.endswith("xls") else official.write_sheets
    write(folder / name, sheets)
    _, events = index(tmp_path)
    assert events["onset"].tolist() == [2, 0]
    assert (events["source"] == name).all()
    assert f"annotations from {name}" in caplog.text


def test_the_updated_workbook_goes_first(tmp_path):
    folder = official.casme2(tmp_path, [[15, "0101", 1, 1, 2, MACRO]], VIDEOS)
    updated = folder / "CAS(ME)^2code_final(Updated).xlsx"
    official.write_sheets(updated, official.casme2_sheets(ROWS, [15, 16]))
    assert len(index(tmp_path)[1]) == 2


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "message"),
    [
        ("CASFEcode_final", 0, 0, 99, "row 1, participant: found 99, expected one of the 2"),
        ("CASFEcode_final", 0, 1, "fear1_1", "row 1, event name: found 'fear1_1', expected a na"),
        ("CASFEcode_final", 1, 1, "../x", "row 2, event name: found '../x', expected a name"),
        ("CASFEcode_final", 1, 2, "soon", "row 2, onset: found 'soon', expected a frame number"),
        ("CASFEcode_final", 1, 2, -4, "row 2, 16_0102eatingworms: found onset -4, expected"),
        ("CASFEcode_final", 1, 7, "mini", "row 2, type: found 'mini', expected macro-expression"),
        ("naming rule1", 0, 1, "x15", "row 1, subject: found 'x15', expected s and two digits"),
        ("naming rule1", 2, 1, "s17", "row 3 of a naming sheet: found 1 -> 17, expected 15"),
        ("naming rule2", 0, 0, 9999, "row 1, code: found 9999, expected one of 0101, 0102"),
    ],
)
def test_faulty_cells_are_named(tmp_path, sheet, row, column, value, message):
    folder = official.casme2(tmp_path, ROWS, VIDEOS)
    sheets = official.casme2_sheets(ROWS, [15, 16])
    sheets["naming rule1"] = [list(line) for line in sheets["naming rule1"]]
    sheets[sheet][row][column] = value
    official.write_sheets(folder / official.CASME2_WORKBOOK, sheets)
    found = fault(tmp_path)
    assert message in found and official.CASME2_WORKBOOK in found


def test_missing_parts_are_named(tmp_path):
    folder = official.casme2(tmp_path, ROWS, VIDEOS)
    sheets = official.casme2_sheets(ROWS, [15, 16])
    del sheets["naming rule2"]
    official.write_sheets(folder / official.CASME2_WORKBOOK, sheets)
    assert "sheet 'naming rule2' is missing, found CASFEcode_final, naming rule1" in fault(tmp_path)
    (folder / official.CASME2_WORKBOOK).unlink()
    assert "found no workbook, expected CAS(ME)^2code_final.xlsx" in fault(tmp_path)


def test_subjects_right_below_the_data_set(tmp_path):
    official.casme2(tmp_path, ROWS, VIDEOS, layout=".")
    assert index(tmp_path)[0]["path"][0] == "casme2/s15/15_0101disgustingteeth"


def test_a_layout_folder_within_itself(tmp_path):
    official.casme2(tmp_path, ROWS, VIDEOS, layout="CASME_sq/rawpic/rawpic")
    assert len(index(tmp_path)[0]) == 2


def test_folders_of_single_expressions_are_no_long_videos(tmp_path):
    folder = official.casme2(tmp_path, ROWS, VIDEOS, layout=".")
    official.write_frames(folder / "selectedpic/s15/anger1_1", ["img1.jpg"], official.COLOUR)
    assert len(index(tmp_path)[0]) == 2
    assert casme2.surplus(folder, DATA) == []
