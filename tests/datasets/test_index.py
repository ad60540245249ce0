from __future__ import annotations

import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.datasets.adapter import ADAPTERS, Adapter
from mespot.datasets.index import build_index
from mespot.datasets.raw import RawVideo
from mespot.params import load_params
from mespot.tables.columns import DROPPED_COLUMNS
from mespot.tables.load import read_events, read_videos
from tests.datasets import official

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
        (["006_1_1", 30, 31, 40, "Macro"], "006_1: found onset 30, expected an event within the"),
        (["006_1_1", 9, 2, 4, "Macro"], "row 11, 006_1: found offset 4 before onset 9"),
        (["006_1_1", 9, 12, 4, "Macro"], "row 11, 006_1: found offset 4 before onset 9"),
        (["006_1_1", 9, 2, 0, "Macro"], "row 11, 006_1: found offset 0 and apex 2, expected an"),
        (["006_1_1", -5, 2, 4, "Macro"], "row 11, 006_1: found onset -5, expected a frame number"),
        (["006_1_1", 2, 3, -4, "Macro"], "row 11, 006_1: found offset -4, expected a frame number"),
        (["006_1_1", 2, -3, 4, "Macro"], "row 11, 006_1: found apex -3, expected a frame number"),
        (["006_1_1", 2, 3, "1_0", "Macro"], "row 11, Offset: found '1_0', expected a frame"),
        (["006_1_1", 2, 3, 1e300, "Macro"], "row 11, Offset: found 1e+300, expected a frame"),
        (["006_1_1", True, 3, 4, "Macro"], "row 11, Onset: found True, expected a frame"),
        (["../006_1_1", 2, 3, 4, "Macro"], "row 11, Filename: found '../006_1_1', expected subj"),
        (["/etc/006_1_1", 2, 3, 4, "Macro"], "row 11, Filename: found '/etc/006_1_1', expected"),
    ],
)
def test_a_faulty_row_is_named(tmp_path, row, message):
    official.samm_lv(tmp_path, [row], {"006_1": 20})
    found = fault("samm_lv", tmp_path, tmp_path / "out")
    assert message in found and "SAMM_LongVideos_V3_Release.xlsx" in found


def test_faulty_files_are_named(tmp_path):
    assert "'fer2013' is unknown" in fault("fer2013", tmp_path, tmp_path)
    assert "samm_lv: not found" in fault("samm_lv", tmp_path, tmp_path)
    (tmp_path / "samm_lv").mkdir()
    assert "found no video" in fault("samm_lv", tmp_path, tmp_path)
    official.write_frames(tmp_path / "samm_lv" / "006_1", ["006_1_0001.jpg"], official.GREY)
    assert "found no workbook, expected SAMM" in fault("samm_lv", tmp_path, tmp_path)
    path = tmp_path / "samm_lv" / "SAMM_LongVideos_V3_Release.xlsx"
    path.write_text("no workbook")
    found = fault("samm_lv", tmp_path, tmp_path)
    assert "found a text file, expected an Excel workbook (.xlsx or .xls)" in found
    header = [name for name in official.SAMM_HEADER if name != "Offset"]
    official.write_sheet(path, "FACS_Movement_Only", [header])
    found = fault("samm_lv", tmp_path, tmp_path)
    assert "column 'Offset' is missing, found Filename, Onset, Apex, Type" in found
    path.unlink()
    official.casme3(tmp_path, [], [], {"spNO.1/a": [1]})
    (tmp_path / "casme3" / "annotation" / official.MAE_SHEET).unlink()
    found = fault("casme3", tmp_path, tmp_path)
    assert "sheet is missing, expected cas(me)3_part_A_MaE" in found


def with_settings(**settings):
    return DATA.model_copy(update=settings)


def read_dropped(out):
    return pd.read_csv(out / "dropped.csv", dtype={"video": str})


def test_rows_that_did_not_become_events_are_listed(tmp_path):
    rows = [
        ["006_1_1", 2, 3, 9, "Macro"],
        ["006_1_2", 2, 4, 9, "Macro"],
        ["007_1_1", 1, 2, 3, "Macro"],
        ["006_1_3", 30, 31, 40, "Micro - 1/2"],
        ["006_1_4", 9, 2, 4, "Macro"],
        ["006_1_5", -9, 2, 4, "Macro"],
    ]
    official.samm_lv(tmp_path, rows, {"006_1": 20})
    out = tmp_path / "out"
    settings = with_settings(allow_missing=True, faulty_rows="drop")
    _, events = build_index("samm_lv", tmp_path, out, settings)
    assert events["row"].tolist() == [11]
    dropped = read_dropped(out)
    assert dropped.columns.tolist() == list(DROPPED_COLUMNS)
    assert dropped[["row", "video", "reason"]].values.tolist() == [
        [12, "006_1", "duplicate"],
        [13, "007_1", "video_not_on_disk"],
        [14, "006_1", "not_recorded"],
        [15, "006_1", "reversed_frames"],
        [16, "006_1", "negative_frame"],
    ]
    assert dropped["official_onset"].tolist() == [2, 1, 30, 9, -9]
    assert (dropped["source"] == "SAMM_LongVideos_V3_Release.xlsx").all()


@pytest.mark.parametrize(
    ("row", "setting"),
    [
        (["007_1_1", 1, 2, 3, "Macro"], "data.allow_missing: true"),
        (["006_1_1", 30, 31, 40, "Macro"], "data.allow_missing: true"),
        (["006_1_1", 9, 2, 4, "Macro"], "data.faulty_rows: drop"),
    ],
)
def test_the_message_names_the_setting_that_goes_on(tmp_path, row, setting):
    official.samm_lv(tmp_path, [row], {"006_1": 20})
    assert setting in fault("samm_lv", tmp_path, tmp_path / "out")
    other = {"allow_missing": True} if "faulty" in setting else {"faulty_rows": "drop"}
    with pytest.raises(MespotError):
        build_index("samm_lv", tmp_path, tmp_path / "out", with_settings(**other))


def test_every_rule_and_left_out_row_is_logged(tmp_path, caplog):
    rows = [["006_1_1", 2.5, 3, 0, "Macro"], ["006_1_2", 2.5, 3, 0, "Macro"]]
    official.samm_lv(tmp_path, rows, {"006_1": 20})
    official.write_frames(tmp_path / "samm_lv" / "SAMM_longvideos" / "new", ["1.jpg"], b"")
    caplog.set_level("INFO")
    build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    for text in (
        "rule fractional_frame_rounded touched 1 events",
        "rule offset_missing_to_apex touched 1 events",
        "rule duplicate_dropped touched 1 events",
        "1 rows left out (duplicate)",
        "folder SAMM_longvideos/new is not taken: it holds pictures",
        "annotations from SAMM_LongVideos_V3_Release.xlsx",
    ):
        assert text in caplog.text


def test_two_equal_runs_write_the_same_bytes(tmp_path):
    official.samm_lv(tmp_path, [["006_1_1", 2, 3, 9, "Macro"]], {"006_1": 20, "007_2": 3})
    for out in ("a", "b"):
        build_index("samm_lv", tmp_path, tmp_path / out, DATA)
    for name in ("videos.csv", "events.csv", "dropped.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_fingerprint_follows_the_frames(tmp_path):
    official.samm_lv(tmp_path, [], {"006_1": 20})
    first, _ = build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    last = tmp_path / "samm_lv/SAMM_longvideos/006_1/006_1_0020.jpg"
    last.write_bytes(official.GREY + b" ")
    second, _ = build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    (last.parent / "006_1_0010.jpg").unlink()
    third, _ = build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    assert len({first["fingerprint"][0], second["fingerprint"][0], third["fingerprint"][0]}) == 3


def test_videos_that_were_not_opened_have_no_frame_count(tmp_path, monkeypatch):
    clip = tmp_path / "voxceleb2" / "clip.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"12345")
    raw = RawVideo("id1", "clip", clip, "file", 25.0, None, False)
    tool = Adapter(lambda root, params: [raw], None)
    monkeypatch.setitem(ADAPTERS, "voxceleb2", tool)
    build_index("voxceleb2", tmp_path, tmp_path / "out", DATA)
    videos = read_videos(tmp_path / "out" / "videos.csv")
    assert videos[["frames", "first", "gaps"]].values.tolist() == [[0, 0, ""]]
    assert len(read_events(tmp_path / "out" / "events.csv")) == 0
    assert len(read_dropped(tmp_path / "out")) == 0


def test_an_empty_folder_of_an_unfinished_download(tmp_path, caplog):
    rows = [["007_2_1", 1, 2, 3, "Macro"]]
    official.samm_lv(tmp_path, rows, {"006_1": 20, "007_2": 0})
    assert "007_2: found no frame" in fault("samm_lv", tmp_path, tmp_path / "out")
    videos, events = build_index(
        "samm_lv", tmp_path, tmp_path / "out", with_settings(allow_missing=True)
    )
    assert videos["video"].tolist() == ["006_1"] and len(events) == 0
    assert "007_2: found no frame" in caplog.text
    assert read_dropped(tmp_path / "out")["reason"].tolist() == ["video_not_on_disk"]


def test_many_surplus_folders_are_not_all_logged(tmp_path, caplog):
    official.samm_lv(tmp_path, [], {"006_1": 2})
    for number in range(30):
        official.write_frames(tmp_path / "samm_lv" / f"x{number}", ["1.jpg"], b"")
    build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    assert caplog.text.count("is not taken") == 10 and "20 more folders" in caplog.text


def test_a_video_in_two_places_is_named(tmp_path):
    official.samm_lv(tmp_path, [], {"006_1": 2})
    official.write_frames(tmp_path / "samm_lv/copy/006_1", ["006_1_0001.jpg"], official.GREY)
    found = fault("samm_lv", tmp_path, tmp_path / "out")
    assert "video 006_1 lies also in" in found and "copy/006_1" in found


def test_what_unpackers_leave_behind_is_no_data(tmp_path):
    official.samm_lv(tmp_path, [["006_1_1", 1, 2, 3, "Macro"]], {"006_1": 4})
    twin = tmp_path / "samm_lv/__MACOSX/SAMM_longvideos/006_1"
    official.write_frames(twin, ["._006_1_0001.jpg"], b"")
    official.write_frames(tmp_path / "samm_lv/SAMM_longvideos/006_1", ["._x_0009.jpg"], b"")
    videos, _ = build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    assert videos["frames"].tolist() == [4]


def test_of_several_releases_the_last_counts(tmp_path):
    official.samm_lv(tmp_path, [["006_1_1", 1, 2, 3, "Macro"]], {"006_1": 4})
    header = official.SAMM_HEADER
    rows = [header, [6, "006_1_1", 1, 2, 2, 4, None, "Macro", "4", None]]
    for name in ("SAMM_LongVideos_V1_Release.xlsx", "SAMM_LongVideos_V2_Release.xlsx"):
        official.write_sheet(tmp_path / "samm_lv" / name, "FACS_Movement_Only", rows)
    _, events = build_index("samm_lv", tmp_path, tmp_path / "out", DATA)
    assert events["source"].tolist() == ["SAMM_LongVideos_V3_Release.xlsx"]


def test_frame_folders_are_never_walked(tmp_path, monkeypatch):
    official.casme3(tmp_path, [], [], {"spNO.1/a": [1, 2]})
    import os

    scanned = []
    real = os.scandir
    monkeypatch.setattr("os.scandir", lambda path: scanned.append(str(path)) or real(path))
    build_index("casme3", tmp_path, tmp_path / "out", DATA)
    assert scanned and not any("color" in path or "depth" in path for path in scanned)


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
