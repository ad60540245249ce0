from __future__ import annotations

import pytest

from mespot.data.index import build_index
from mespot.data.load import read_events, read_videos
from mespot.errors import MespotError
from mespot.params import load_params

from . import official

DATA = load_params().data


def fault(dataset, root, out) -> str:
    with pytest.raises(MespotError) as caught:
        build_index(dataset, root, out, DATA)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_samm_lv_with_preamble_and_text_subjects(tmp_path):
    rows = [["006_1_1", 566, 648, 743, "Macro"], ["006_1_2", 20, 30, 60, "Micro - 1/2"]]
    official.samm_lv(tmp_path, rows, {"006_1": 800, "031_7": 10})
    build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    videos = read_videos(tmp_path / "out" / "videos.csv")
    assert videos["subject"].tolist() == ["006", "031"]
    assert videos["video"].tolist() == ["006_1", "031_7"]
    assert videos["path"].tolist()[0] == "samm_lv/SAMM_longvideos/006_1"
    assert videos[["fps", "frames", "first", "grey"]].iloc[0].tolist() == [200.0, 800, 1, True]
    events = read_events(tmp_path / "out" / "events.csv")
    assert events[["onset", "apex", "offset", "type"]].values.tolist() == [
        [19, 29, 59, "me"],
        [565, 647, 742, "mae"],
    ]
    assert events["subject"].tolist() == ["006", "006"]
    assert events["row"].tolist() == [12, 11]
    assert events["official_onset"].tolist() == [20, 566]
    assert (events["rule"] == "").all()


@pytest.mark.parametrize("preamble", [0, 9, 13])
def test_the_header_is_found_by_its_names(tmp_path, preamble):
    official.samm_lv(tmp_path, [["006_1_1", 2, 3, 4, "Macro"]], {"006_1": 5}, preamble)
    _, events = build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    assert events["row"].tolist() == [preamble + 2]


@pytest.mark.parametrize(
    ("cells", "expected", "rule"),
    [
        ((4.4, 6.5, 8.6), (3, 6, 8), "fractional_frame_rounded"),
        ((0, 6, 8), (0, 5, 7), "onset_zero_to_first"),
        ((4, 6, 0), (3, 5, 5), "offset_missing_to_apex"),
        ((4, 6, 99), (3, 5, 19), "offset_past_end_clipped"),
        ((4, -1, 8), (3, -1, 7), "apex_unknown"),
        ((4, None, 8), (3, -1, 7), "apex_unknown"),
        ((4, 2, 8), (3, -1, 7), "apex_unknown"),
        ((0, 6, 99.5), (0, 5, 19), "fractional_frame_rounded;onset_zero_to_first;"
         "offset_past_end_clipped"),
    ],
)  # fmt: skip
def test_every_repair_is_named(tmp_path, cells, expected, rule):
    official.samm_lv(tmp_path, [["006_1_1", *cells, "Macro"]], {"006_1": 20})
    build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    row = read_events(tmp_path / "out" / "events.csv").iloc[0]
    assert (row["onset"], row["apex"], row["offset"]) == expected
    assert row["rule"] == rule
    assert row["official_offset"] == cells[2]


def test_duplicates_are_dropped_but_not_events_of_two_types(tmp_path):
    rows = [["006_1_1", 2, 3, 9, "Macro"], ["006_1_1", 2, 3, 9, "Micro - 1/2"],
            ["006_1_2", 2, 4, 9, "Macro"]]  # fmt: skip
    official.samm_lv(tmp_path, rows, {"006_1": 20})
    _, events = build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    assert events["type"].tolist() == ["mae", "me"]
    assert events["rule"].tolist() == ["duplicate_dropped", ""]


def test_casme3_raw_numbers_gaps_and_quirks(tmp_path):
    numbers = [5, 6, 7, 10, 11, 12, 13, 20]
    me = [["spNO.1", "A", 6, 7, 10], ["spNO.1", "a", 8, 10, 11], ["spNO.1", "a", 12, 13, 18],
          ["spNO.1", "a", 14, 15, 16]]  # fmt: skip
    mae = [["spNO.10", "b", 1, 0, 3]]
    videos = {"spNO.1/a": numbers, "spNO.10/b": [1, 2, 3]}
    official.casme3(tmp_path, me, mae, videos)
    build_index("casme3", tmp_path, tmp_path / "out", DATA)
    table = read_videos(tmp_path / "out" / "videos.csv")
    assert table["video"].tolist() == ["spNO.1_a", "spNO.10_b"]
    assert table["gaps"].tolist() == ["8-9;14-19", ""]
    assert table["path"][0] == "casme3/part_A/data/part_A/spNO.1/a/color"
    assert table[["fps", "first", "grey"]].iloc[0].tolist() == [30.0, 5, False]
    events = read_events(tmp_path / "out" / "events.csv")
    columns = ["onset", "apex", "offset", "type", "rule"]
    assert events[columns].values.tolist() == [
        [1, 2, 3, "me", "clip_letter_lowered"],
        [3, 3, 4, "me", "onset_in_gap"],
        [5, 6, 6, "me", "offset_in_gap"],
        [7, 7, 7, "me", "event_in_gap"],
        [0, -1, 2, "mae", "apex_unknown"],
    ]


def test_known_typing_error_of_the_published_sheet(tmp_path):
    me = [["spNO.216", "d", 3647, 2668, 2694]]
    official.casme3(tmp_path, me, [], {"spNO.216/d": list(range(2600, 2800))})
    _, events = build_index("casme3", tmp_path, tmp_path / "out", DATA)
    assert events[["onset", "apex", "offset"]].values.tolist() == [[47, 68, 94]]
    assert events["rule"].tolist() == ["onset_typo_corrected"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["006_1_1", "early", 3, 4, "Macro"], "row 11, Onset: found 'early', expected a frame"),
        (["006_1_1", None, 3, 4, "Macro"], "row 11, Onset: found an empty cell, expected a frame"),
        (["006_1_1", 2, "?", 4, "Macro"], "row 11, Apex: found '?'"),
        (["006_1_1", 2, 3, 4, "Mini"], "row 11, Type: found 'Mini', expected Macro or Micro"),
        ([None, 2, 3, 4, "Macro"], "row 11, Filename: found an empty cell, expected text"),
        (["first", 2, 3, 4, "Macro"], "row 11, Filename: found 'first', expected subject_video"),
        (["007_1_1", 2, 3, 4, "Macro"], "row 11: found an event of video 007_1, expected a folder"),
        (["006_1_1", 30, 31, 40, "Macro"], "row 11, 006_1: found onset 30, expected at most 20"),
        (["006_1_1", 9, 2, 4, "Macro"], "row 11, 006_1: found offset 4 before onset 9"),
    ],
)
def test_a_faulty_row_is_named(tmp_path, row, message):
    official.samm_lv(tmp_path, [row], {"006_1": 20})
    found = fault("samm_lv", tmp_path, tmp_path / "out")
    assert message in found and "SAMM_LongVideos_V3_Release.xlsx" in found


def test_faulty_files_are_named(tmp_path):
    assert "unknown, expected one of casme3" in fault("fer2013", tmp_path, tmp_path)
    assert "samm_lv: not found" in fault("samm_lv", tmp_path, tmp_path)
    (tmp_path / "samm_lv").mkdir()
    assert "found no video" in fault("samm_lv", tmp_path, tmp_path)
    official.write_frames(tmp_path / "samm_lv" / "006_1", ["006_1_0001.jpg"], official.GREY)
    assert "found no workbook, expected SAMM" in fault("samm_lv", tmp_path, tmp_path)
    path = tmp_path / "samm_lv" / "SAMM_LongVideos_V3_Release.xlsx"
    path.write_text("no workbook")
    assert "found no readable workbook, expected .xlsx" in fault("samm_lv", tmp_path, tmp_path)
    header = [name for name in official.SAMM_HEADER if name != "Offset"]
    official.write_sheet(path, "FACS_Movement_Only", [header])
    found = fault("samm_lv", tmp_path, tmp_path)
    assert "column 'Offset' is missing, found Filename, Onset, Apex, Type" in found
    path.unlink()
    official.casme3(tmp_path, [], [], {"spNO.1/a": [1]})
    (tmp_path / "casme3" / "annotation" / official.MAE_SHEET).unlink()
    found = fault("casme3", tmp_path, tmp_path)
    assert "sheet is missing, expected cas(me)3_part_A_MaE" in found


def test_frame_folders_are_never_walked(tmp_path, monkeypatch):
    official.casme3(tmp_path, [], [], {"spNO.1/a": [1, 2]})
    import os

    scanned = []
    real = os.scandir
    monkeypatch.setattr("os.scandir", lambda path: scanned.append(str(path)) or real(path))
    build_index("casme3", tmp_path, tmp_path / "out", DATA)
    assert scanned and not any("spNO" in path for path in scanned)


def test_damaged_workbook_is_one_line(tmp_path):
    official.samm_lv(tmp_path, [["006_1_1", 2, 3, 4, "Macro"]], {"006_1": 5})
    path = tmp_path / "samm_lv" / "SAMM_LongVideos_V3_Release.xlsx"
    good = path.read_bytes()
    for place in range(0, len(good), 97):
        broken = bytearray(good)
        broken[place : place + 40] = bytes(40)
        path.write_bytes(broken)
        try:
            build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
        except MespotError as error:
            assert "\n" not in str(error) and path.name in str(error)
