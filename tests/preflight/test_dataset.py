"""`mespot check <dataset>` on generated trees in the official layouts."""

from __future__ import annotations

import json
import os

import cv2
import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.datasets.adapter import ADAPTERS, Adapter
from mespot.datasets.published import Published
from mespot.datasets.raw import RawVideo
from tests.datasets import official

from .conftest import texts

ROWS = [
    ["006_1_1", 2, 4, 9, "Macro"],
    ["006_1_2", 3, 4, 6, "Micro - 1/2"],
    ["006_2_1", 2, 3, 12, "Macro"],
    ["007_1_1", 5, 7, 9, "Micro - 1/2"],
]
VIDEOS = {"006_1": 20, "006_2": 20, "007_1": 20}


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    }


def count(result, name):
    return next(item for item in result.counts if item.name == name)


def test_a_complete_set_is_usable_and_nothing_is_written(check, raw, project):
    official.samm_lv(raw, ROWS, VIDEOS)
    before = snapshot(project.root)
    result = check("samm_lv")
    assert snapshot(project.root) == before
    assert result.usable
    found = {item.name: (item.found, item.published) for item in result.counts}
    assert found == {
        "subjects": (2, 30),
        "videos": (3, 147),
        "frames": (60, 483_797),
        "videos with events": (3, None),
        "ME": (2, 159),
        "MaE": (2, 343),
    }
    assert "every video" in texts(result, "missing", "ok")
    assert "first and last frames of 3 videos can be read" in texts(result, "frames", "ok")
    assert texts(result, "format", "ok") == "200 fps; 8x8; grey; frame folder"
    # counts that differ are a warning, never an error
    assert "subjects, videos, frames, ME, MaE" in texts(result, "counts", "warning")
    assert "SAMM_LongVideos_V3_Release.xlsx (4 rows): release V3" in texts(result, "sheets", "ok")
    assert "1 pair of events overlap" in texts(result, "labels")


def test_equal_counts_are_said_to_be(check, raw, monkeypatch):
    official.samm_lv(raw, ROWS, VIDEOS)
    known = ADAPTERS["samm_lv"]
    published = Published("here", subjects=2, videos=3, frames=60, me=2, mae=2)
    monkeypatch.setitem(ADAPTERS, "samm_lv", Adapter(known.videos, known.events, published))
    result = check("samm_lv")
    assert texts(result, "counts", "ok") == "all counts are the published ones"
    assert result.verdict == "samm_lv is usable"


def test_a_half_finished_download(check, raw):
    official.samm_lv(raw, [*ROWS, ["008_1_1", 2, 3, 4, "Macro"]], {"006_1": 20, "007_1": 20})
    result = check("samm_lv", allow_missing=False)
    assert not result.usable
    line = texts(result, "missing", "error")
    assert "2 videos with 2 events: 006_2, 008_1" in line and "data.allow_missing: true" in line
    line = texts(result, "partial", "warning")
    assert "1 of 3 subjects complete (007); partly: 006 1/2; nothing of 008" in line
    assert count(result, "MaE").found == 1 and count(result, "MaE").remark == "3 in the sheets"
    allowed = check("samm_lv", allow_missing=True)
    assert allowed.usable and "2 videos with 2 events" in texts(allowed, "missing", "warning")


def test_a_subject_whose_video_ends_too_early_is_not_complete(check, raw):
    official.samm_lv(raw, ROWS, VIDEOS | {"007_1": 4})
    result = check("samm_lv", allow_missing=False)
    assert not result.usable and "see rows" in result.verdict
    text = texts(result, "partial", "warning")
    assert "1 of 2 subjects complete (006); events lie outside the frames of 1 video" in text
    assert "partly: 007 0/1" in text


def test_empty_folders_of_a_download_do_not_hide_the_rest(check, raw):
    official.samm_lv(raw, ROWS, VIDEOS)
    for name in ("006_2", "007_1"):
        for file in (raw / "samm_lv/SAMM_longvideos" / name).iterdir():
            file.unlink()
    result = check("samm_lv", allow_missing=False)
    assert not result.usable
    assert "2 videos without frames" in texts(result, "missing", "error")
    assert "006_2" in texts(result, "missing") and count(result, "videos").found == 1
    assert check("samm_lv", allow_missing=True).usable


def test_names_of_the_published_list(check, raw, monkeypatch):
    official.samm_lv(raw, ROWS, VIDEOS)
    known = ADAPTERS["samm_lv"]
    published = Published("list", names=("006_1", "006_2", "009_1", "010_1"))
    monkeypatch.setitem(ADAPTERS, "samm_lv", Adapter(known.videos, known.events, published))
    result = check("samm_lv")
    # videos without events may be absent: the index runs
    assert result.usable
    text = texts(result, "missing", "warning")
    assert "2 videos of the published list, without events: 009_1, 010_1" in text
    assert "1 video that no published list names: 007_1" in texts(result, "surplus", "warning")


def test_surplus_folders_are_named_with_the_reason(check, raw):
    official.samm_lv(raw, ROWS, VIDEOS)
    official.write_frames(raw / "samm_lv/extra", ["1.jpg"], official.GREY)
    result = check("samm_lv")
    assert result.usable
    assert "1 folder not taken: extra (" in texts(result, "surplus", "warning")
    assert result.plain()["surplus"][0]["path"] == "extra"


def test_gaps_and_first_numbers(check, raw):
    videos = {"spNO.1/a": [5, 6, 7, 10, 11], "spNO.1/b": [1, 2, 3], "spNO.2/a": [7, 8]}
    official.casme3(raw, [["spNO.1", "A", 6, 7, 10]], [], videos)
    result = check("casme3")
    assert "2 frames missing between others in 1 of 3 videos, most in spNO.1_a (2)" in texts(
        result, "gaps", "note"
    )
    assert "1 in 1, 5 in 1, 7 in 1 videos" in texts(result, "numbering", "note")
    assert texts(result, "repairs") == "rows touched by each rule: clip_letter_lowered 1"
    assert result.plain()["gaps"] == {"spNO.1_a": 2}


@pytest.mark.parametrize("content", [b"", official.GREY[:-40], b"\xff\xd8 no picture"])
@pytest.mark.parametrize("which", ["0001", "0020"])
def test_a_broken_first_or_last_frame_is_named(check, raw, content, which):
    official.samm_lv(raw, ROWS, VIDEOS)
    (raw / f"samm_lv/SAMM_longvideos/006_2/006_2_{which}.jpg").write_bytes(content)
    result = check("samm_lv")
    assert result.usable  # one frame is left out, the pipeline goes on
    text = texts(result, "frames", "warning")
    assert "in 1 video" in text and f"006_2_{which}.jpg" in text and f"{len(content)} bytes" in text
    assert not texts(check("samm_lv", frames=False), "frames")


def test_a_video_without_readable_ends_and_one_that_changes_size(check, raw):
    official.samm_lv(raw, ROWS, VIDEOS)
    folder = raw / "samm_lv/SAMM_longvideos"
    for number in ("0001", "0020"):
        (folder / f"006_1/006_1_{number}.jpg").write_bytes(b"")
    ok, larger = cv2.imencode(".jpg", np.zeros((10, 16), np.uint8))
    assert ok
    (folder / "007_1/007_1_0020.jpg").write_bytes(larger.tobytes())
    result = check("samm_lv")
    assert not result.usable
    text = texts(result, "frames", "error")
    assert "1 video cannot be read" in text and "006_1_0001.jpg" in text
    assert "the size changes within 1 video: 007_1 (8x8, then 16x10)" in text


def test_a_faulty_sheet_is_a_finding_and_the_check_goes_on(check, raw):
    official.samm_lv(raw, [["006_1_1", "early", 3, 4, "Macro"]], VIDEOS)
    result = check("samm_lv")
    assert not result.usable and "see fault" in result.verdict
    assert "row 11, Onset: found 'early'" in texts(result, "fault", "error")
    assert count(result, "videos").found == 3 and texts(result, "frames", "ok")
    (raw / "samm_lv/SAMM_LongVideos_V3_Release.xlsx").write_text("no workbook")
    assert "workbook" in texts(check("samm_lv"), "fault", "error")
    (raw / "samm_lv/SAMM_LongVideos_V3_Release.xlsx").unlink()
    assert "found no workbook" in texts(check("samm_lv"), "fault", "error")


def test_odd_rows_are_counted_by_reason_with_the_setting_that_allows_them(check, raw):
    rows = [
        *ROWS,
        ["006_1_3", 9, 2, 4, "Macro"],
        ["006_1_4", 30, 31, 40, "Macro"],
        ["006_1_5", 2, 4, 9, "Macro"],
        ["006_1_6", 4, 5, 99, "Macro"],
    ]
    official.samm_lv(raw, rows, VIDEOS)
    result = check("samm_lv", allow_missing=False, faulty_rows="stop")
    assert not result.usable
    text = texts(result, "rows", "error")
    assert "1 row at which the index stops (reversed_frames)" in text
    assert "row 15" in text and "data.faulty_rows: drop" in text
    assert "(not_recorded)" in text and "data.allow_missing: true" in text
    assert "1 row left out (duplicate)" in texts(result, "rows", "warning")
    assert "offset_past_end_clipped 1" in texts(result, "repairs")
    assert count(result, "MaE").found == 3
    assert check("samm_lv", allow_missing=True, faulty_rows="drop").usable


def test_the_check_agrees_with_the_index(check, raw, project, tmp_path):
    from mespot.datasets.index import build_index
    from mespot.params import load_params

    rows = [*ROWS, ["006_1_5", 2, 4, 9, "Macro"], ["007_1_2", 0, 5, 99.5, "Macro"]]
    official.samm_lv(raw, rows, VIDEOS)
    result = check("samm_lv")
    data = load_params(project.params).data
    videos, events = build_index("samm_lv", raw, tmp_path / "index", data)
    assert count(result, "frames").found == videos["frames"].sum()
    assert count(result, "ME").found == (events["type"] == "me").sum()
    assert count(result, "MaE").found == (events["type"] == "mae").sum()
    touched = events["rule"].str.split(";").explode()
    for rule, times in result.figures["repairs"].items():
        assert (touched == rule).sum() == times


def test_older_workbooks_are_told_by_their_numbers(check, raw):
    official.samm_lv(raw, [["006_1_1", 0, 4.6, 9.4, "Macro"]], VIDEOS)
    text = texts(check("samm_lv"), "sheets", "ok")
    assert "release V1 or V2 (fractional frames in 1 row, onset 0 in 1 row)" in text


def test_long_micro_expressions_are_counted(check, raw):
    me = [["spNO.1", "a", 1, 5, 15], ["spNO.1", "a", 20, 25, 36]]  # 15 and 17 frames at 30 fps
    official.casme3(raw, me, [], {"spNO.1/a": list(range(1, 61))})
    result = check("casme3")
    assert "1 of 2 ME last over 0.5 s" in texts(result, "labels")
    assert result.plain()["labels"]["me"]["median_s"] == pytest.approx(16 / 30)


def test_several_sizes_and_colours_are_a_note(check, raw):
    official.casme3(raw, [], [], {"spNO.1/a": [1, 2], "spNO.1/b": [1, 2]})
    folder = raw / "casme3/part_A/data/part_A/spNO.1/b/color"
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(official.GREY)
    text = texts(check("casme3"), "format", "note")
    assert "colour (1), grey (1)" in text and "30 fps" in text


def test_unlabelled_sets_have_no_events(check, raw, monkeypatch):
    official.samm_lv(raw, [], VIDEOS)
    monkeypatch.setitem(ADAPTERS, "faces", Adapter(ADAPTERS["samm_lv"].videos, None))
    (raw / "samm_lv").rename(raw / "faces")
    result = check("faces")
    assert result.usable and result.verdict == "faces is usable"
    assert [item.name for item in result.counts] == ["subjects", "videos", "frames"]
    assert "no annotations" in texts(result, "sheets")
    assert result.plain()["labels"] is None


def test_files_that_the_listing_did_not_open(check, raw, monkeypatch):
    (raw / "clips").mkdir()
    path = raw / "clips" / "a.mp4"
    write_video(path, 40)

    def videos(folder, params):
        return [RawVideo(f"p{i}", f"v{i}", path, "file", 25.0, None, False) for i in range(3)]

    monkeypatch.setitem(ADAPTERS, "clips", Adapter(videos, None))
    result = check("clips")
    assert result.usable
    assert count(result, "frames").found is None
    assert result.figures["cost"]["crops"] == 120  # 40 announced by each opened file
    closed = check("clips", frames=False)
    assert closed.figures["cost"]["crops"] is None
    assert "unknown until videos are opened" in texts(closed, "time")


def test_json_is_plain_and_complete(check, raw):
    official.samm_lv(raw, ROWS, {"006_1": 20})
    value = json.loads(json.dumps(check("samm_lv").plain(), allow_nan=False))
    assert value["usable"] is False and value["origin"] == "data.root"
    assert value["counts"]["videos"] == {"found": 1, "published": 147}
    assert value["missing"] == {"006_2": 1, "007_1": 1}
    assert value["subjects"]["partial"] == {"006": [1, 2]}
    assert {finding["level"] for finding in value["findings"]} <= {"ok", "note", "warning", "error"}


def test_frame_folders_are_listed_once_and_few_frames_are_opened(check, raw, monkeypatch):
    official.samm_lv(raw, ROWS, {name: 200 for name in VIDEOS})
    listings = []
    real = os.listdir
    monkeypatch.setattr("os.listdir", lambda path: listings.append(str(path)) or real(path))
    check("samm_lv")
    frames = [path for path in listings if os.path.basename(path) in VIDEOS]
    # once for the census, and once more for the video whose decoding is timed
    assert len(frames) <= len(VIDEOS) + 1


def test_a_path_instead_of_a_name(check):
    with pytest.raises(MespotError, match="found a path, expected a name"):
        check("../samm_lv")


def write_video(path, frames, size=(32, 48)):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = 5
        rng = np.random.default_rng(0)
        for _ in range(frames):
            pixels = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
