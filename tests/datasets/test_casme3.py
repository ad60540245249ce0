from __future__ import annotations

import pytest

from mespot.core.errors import MespotError
from mespot.datasets import casme3, casme3_b
from mespot.datasets.index import build_index
from mespot.params import load_params
from mespot.tables.load import read_events, read_videos
from tests.datasets import official

DATA = load_params().data
SINGLE_HEADER = [*official.CASME3_HEADER[:5], "expression TYPE", "AU"]


def index(dataset, root, params=DATA):
    build_index(dataset, root, root / "out", params)
    return read_videos(root / "out" / "videos.csv"), read_events(root / "out" / "events.csv")


def fault(root) -> str:
    with pytest.raises(MespotError) as caught:
        index("casme3", root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_odd_rows_of_the_published_sheet(tmp_path):
    me = [
        ["spNO.14", "J", 8, 9, 12],
        ["spNO.40", "e", 1812, 1824, 0],
        ["spNO.149", "d", 112, 83, 358],
        ["spNO.216", "d", 3647, 2668, 2694],
        ["spNO.216", "e", 0, 0, 25],
    ]
    videos = {
        "spNO.14/j": range(1, 20),
        "spNO.40/e": range(1800, 1900),
        "spNO.149/d": range(5, 400),
        "spNO.216/d": range(2600, 2800),
        "spNO.216/e": range(7, 60),
    }
    official.casme3(tmp_path, me, [], videos)
    _, events = index("casme3", tmp_path)
    columns = ["video", "onset", "apex", "offset", "official_onset", "official_offset", "rule"]
    assert events.sort_values("row")[columns].values.tolist() == [
        ["spNO.14_j", 7, 8, 11, 8, 12, "clip_letter_lowered"],
        ["spNO.40_e", 12, 24, 24, 1812, 0, "offset_missing_to_apex"],
        ["spNO.149_d", 107, -1, 353, 112, 358, "apex_unknown"],
        ["spNO.216_d", 47, 68, 94, 3647, 2694, "onset_typo_corrected"],
        ["spNO.216_e", 0, -1, 18, 0, 25, "onset_zero_to_first;apex_unknown"],
    ]


def test_folders_and_cells_in_any_case(tmp_path):
    official.casme3(tmp_path, [["SPNO.7", "a", 5, 6, 7]], [], {"spno.007/A": range(5, 9)})
    videos, events = index("casme3", tmp_path)
    assert videos[["subject", "video"]].values.tolist() == [["spNO.7", "spNO.7_a"]]
    assert videos["path"][0].endswith("spno.007/A/color")
    assert events["onset"].tolist() == [0]


def single_sheet(root, rows) -> None:
    path = root / "casme3" / "annotation" / official.SINGLE_SHEET
    official.write_xls(path, {"Sheet1": [SINGLE_HEADER, *rows]})


def test_the_single_workbook_serves_where_the_pair_is_incomplete(tmp_path, caplog):
    caplog.set_level("INFO")
    official.casme3(tmp_path, [], [], {"spNO.1/a": range(1, 30)})
    single_sheet(
        tmp_path,
        [["spNO.1", "a", 3, 4, 6, "Micro-expression", "4"],
         ["spNO.1", "a", 8, 9, 20, "macro-Expression", "4"]],
    )  # fmt: skip
    assert len(index("casme3", tmp_path)[1]) == 0
    assert official.ME_SHEET in caplog.text and official.SINGLE_SHEET not in caplog.text
    (tmp_path / "casme3" / "annotation" / official.MAE_SHEET).unlink()
    _, events = index("casme3", tmp_path)
    assert events[["onset", "offset", "type"]].values.tolist() == [[2, 5, "me"], [7, 19, "mae"]]
    assert f"annotations from {official.SINGLE_SHEET}" in caplog.text
    single_sheet(tmp_path, [["spNO.1", "a", 3, 4, 6, "unsure", "4"]])
    found = "row 2, Expression type: found 'unsure', expected Macro-expression or Micro-expression"
    assert found in fault(tmp_path)


def test_a_missing_sheet_is_named(tmp_path):
    official.casme3(tmp_path, [], [], {"spNO.1/a": [1]})
    (tmp_path / "casme3" / "annotation" / official.ME_SHEET).unlink()
    assert "sheet is missing, expected cas(me)3_part_A_ME_label" in fault(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["sp1", "a", 1, 2, 3], "row 2, Subject: found 'sp1', expected spNO.<number>"),
        (["../spNO.1", "a", 1, 2, 3], "row 2, Subject: found '../spNO.1', expected spNO"),
        (["spNO.1", "n", 1, 2, 3], "row 2, Filename: found 'n', expected a letter from a to m"),
        (["spNO.2", "a", 1, 2, 3], "row 2: found an event of video spNO.2_a, expected a folder"),
        (["spNO.1", "a", 1, 2, 3], "spNO.1_a: found offset 3, expected an event within the frames"),
    ],
)
def test_faulty_rows_are_named(tmp_path, row, message):
    official.casme3(tmp_path, [row], [], {"spNO.1/a": range(5, 30)})
    assert message in fault(tmp_path)


def test_surplus_folders_and_other_parts(tmp_path):
    official.casme3(tmp_path, [], [], {"spNO.1/a": [1, 2], "spNO.1/n": [1], "spNO.2/b": [1]})
    root = tmp_path / "casme3"
    (root / "part_A/data/part_A/spNO.2/c/depth").mkdir(parents=True)
    official.write_frames(root / "part_B/data/part_B/spNO.1/a/color", ["1.jpg"], official.COLOUR)
    videos, _ = index("casme3", tmp_path)
    assert videos["video"].tolist() == ["spNO.1_a", "spNO.2_b"]
    assert casme3.surplus(root, DATA) == [
        ("part_A/data/part_A/spNO.1/n", "expected a clip name such as spNO.1/a"),
        ("part_A/data/part_A/spNO.2/c", "it holds no folder color"),
    ]


def test_part_b_has_no_events(tmp_path):
    root = tmp_path / "casme3_b"
    for clip in ("a", "M", "x1"):
        folder = root / "part_B/data/part_B/spNO.99" / clip / "color"
        official.write_frames(folder, ["5.jpg", "7.jpg"], official.COLOUR)
    official.write_frames(root / "part_A/data/part_A/spNO.1/a/color", ["1.jpg"], official.COLOUR)
    (root / "part_B/data/part_B/spNO.99/d").mkdir()
    videos, events = index("casme3_b", tmp_path)
    assert videos["video"].tolist() == ["spNO.99_a", "spNO.99_m", "spNO.99_x1"]
    assert videos[["frames", "first", "gaps"]].values.tolist() == [[2, 5, "6"]] * 3
    assert len(events) == 0
    assert casme3_b.surplus(root, DATA) == [
        ("part_B/data/part_B/spNO.99/d", "it holds no folder color")
    ]
