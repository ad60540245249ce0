from __future__ import annotations

import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.submission.check import check_submission
from mespot.submission.format import read_submission
from mespot.submission.intervals import read_intervals
from mespot.submission.write import to_official, write_submission

VIDEOS = pd.DataFrame(
    [
        ("001_2", 200.0, 1000, 1, ""),
        ("dzw_a1", 30.0, 95, 5, "50-54"),
        ("gcf_a1", 30.0, 20, 1, ""),
    ],
    columns=["video", "fps", "frames", "first", "gaps"],
)


def intervals(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["video", "onset", "offset", "type", "score"])


FOUND = intervals(
    ("dzw_a1", 60, 94, "mae", 0.9),
    ("001_2", 0, 60, "me", 0.8),
    ("dzw_a1", 40, 45, "me", 0.7),
    ("dzw_a1", 0, 9, "me", 0.6),
)


def test_official_numbers_in_a_fixed_order(tmp_path):
    files = write_submission(tmp_path, FOUND, VIDEOS)
    assert files == {part: tmp_path / f"{part}_pred.csv" for part in ("cas", "samm")}
    # first number 5; index 45 is the first frame after the gap 50-54
    assert files["cas"].read_text() == (
        "vid,onset,offset,type\ndzw_a1,5,14,me\ndzw_a1,45,55,me\ndzw_a1,70,104,mae\n"
    )
    assert files["samm"].read_text() == "vid,onset,offset,type\n001_2,1,61,me\n"
    before = files["cas"].read_bytes()
    write_submission(tmp_path, FOUND.sample(frac=1.0, random_state=3), VIDEOS)
    assert files["cas"].read_bytes() == before
    for file in files.values():
        report = check_submission(file, "megc2023", VIDEOS)
        assert not report.errors and not report.warnings


def test_the_header_of_2022_on_request(tmp_path):
    files = write_submission(tmp_path, FOUND, VIDEOS, header=2022)
    assert files["samm"].read_text().startswith("vid,pred_onset,pred_offset,type\n001_2,1,61")
    assert len(read_submission(files["cas"])) == 3
    with pytest.raises(MespotError, match="header 2021"):
        write_submission(tmp_path, FOUND, VIDEOS, header=2021)


def test_a_part_without_intervals_has_a_header_alone(tmp_path):
    files = write_submission(tmp_path, FOUND.iloc[1:2], VIDEOS)
    assert files["cas"].read_text() == "vid,onset,offset,type\n"
    only = write_submission(tmp_path / "one", FOUND.iloc[:0], VIDEOS.iloc[1:2])
    assert list(only) == ["cas"]


def test_another_data_set_is_one_part(tmp_path):
    videos = VIDEOS.assign(video=["anna", "bert", "carl"])
    files = write_submission(
        tmp_path, intervals(("bert", 0, 1, "me", 1.0)), videos, part=lambda video: "mine"
    )
    assert files["mine"].read_text() == "vid,onset,offset,type\nbert,5,6,me\n"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("nobody", 1, 2, "me", 1.0), "found video 'nobody'"),
        (("gcf_a1", 1, 20, "me", 1.0), "gcf_a1: found frames 1 to 20, expected 0 to 19"),
        (("gcf_a1", -1, 2, "me", 1.0), "found frames -1 to 2"),
    ],
)
def test_intervals_that_do_not_fit_the_videos(row, expected):
    with pytest.raises(MespotError, match=expected):
        to_official(intervals(row), VIDEOS)


def test_an_unknown_length_takes_any_frame():
    videos = VIDEOS.assign(frames=0, first=0, gaps="")
    table = to_official(intervals(("gcf_a1", 3, 5000, "mae", 1.0)), videos)
    assert table[["onset", "offset"]].to_numpy().tolist() == [[3, 5000]]


def test_interval_tables_of_the_pipeline(tmp_path):
    path = tmp_path / "intervals.csv"
    path.write_text(
        "branch,video,onset,offset,type,score\n"
        "model,001_2,1,2,me,0.9\nfused,001_2,3,4,me,0.4\nfused,001_2,5,6,mae,0.8\n"
    )
    assert read_intervals(path)["onset"].tolist() == [3, 5]
    assert read_intervals(path, min_score=0.5)["onset"].tolist() == [5]
    assert read_intervals(path, branch="model")["video"].tolist() == ["001_2"]
    with pytest.raises(MespotError, match="no branch 'flow', expected one of fused, model"):
        read_intervals(path, branch="flow")
    path.write_text("video,onset,offset,type,score\n006,1,2,me,0.9\n")
    assert read_intervals(path)["video"].tolist() == ["006"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("vid,onset,offset,type,score\na,1,2,me,1\n", "found column 'vid'"),
        ("video,onset,offset,type\na,1,2,me\n", "column 'score' is missing"),
        ("video,onset,offset,type,score\na,1,2,me,x\n", "row 2, score: found 'x'"),
        ("video,onset,offset,type,score\na,1,2,me,3\n", "row 2, score: found '3'"),
        ("video,onset,offset,type,score\na,2,1,me,1\n", "row 2: offset 1 lies before"),
        ("", "is empty, expected a header vid,onset,offset,type,score"),
        ("video,onset,offset,type,score\n\na,2,1,me,1\n", "row 3: offset 1 lies before"),
    ],
)
def test_faulty_interval_tables(tmp_path, content, expected):
    path = tmp_path / "intervals.csv"
    path.write_text(content)
    with pytest.raises(MespotError) as caught:
        read_intervals(path)
    assert expected in str(caught.value) and "\n" not in str(caught.value)
