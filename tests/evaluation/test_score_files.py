from __future__ import annotations

import json
from pathlib import Path

import pytest

from mespot.errors import MespotError
from mespot.evaluation.score_files import render_scores, score_files

PREDICTIONS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "predictions"
TRUTH = "vid,onset,offset,type\na,0,9,me\na,0,59,mae\nb,5,8,me\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def truth(tmp_path):
    return write(tmp_path, "truth.csv", TRUTH)


def test_counts_by_type_over_the_union_of_videos(tmp_path, truth):
    rows = "score,vid,note,onset,offset,type\n0.9,a,x,1,9,me\n0.2,c,y,0,9,mae\n0.5,a,z,30,59,me\n"
    result = score_files(write(tmp_path, "pred.csv", rows), truth, untyped=False)
    assert [result["me"][key] for key in ("tp", "fp", "fn")] == [1, 1, 1]
    assert result["me"]["precision"] == result["me"]["recall"] == result["me"]["f1"] == 0.5
    assert [result["mae"][key] for key in ("tp", "fp", "fn")] == [0, 1, 1]
    assert [result["overall"][key] for key in ("tp", "fp", "fn")] == [1, 2, 2]
    assert (result["videos"], result["events"], result["predictions"]) == (3, 3, 3)
    assert result["unknown_videos"] == ["c"]
    json.dumps(result, allow_nan=False)


def test_untyped_lets_any_type_hit(tmp_path, truth):
    rows = "vid,onset,offset,type\na,1,9,mae\na,30,59,me\n"
    result = score_files(write(tmp_path, "pred.csv", rows), truth, untyped=True)
    assert "me" not in result
    assert [result["overall"][key] for key in ("tp", "fp", "fn")] == [2, 0, 1]


def test_names_stay_text_and_spreadsheet_marks_are_forgiven(tmp_path):
    text = "\ufeffvid, onset, offset, type\r\n007 ,0,9,me \r\nNA,0,9,me\r\n"
    path = write(tmp_path, "a.csv", text)
    result = score_files(path, path, untyped=False)
    assert result["overall"]["f1"] == 1.0
    assert result["videos"] == 2


def test_a_file_without_rows_scores_zero(tmp_path, truth):
    empty = write(tmp_path, "pred.csv", "vid,onset,offset,type\n")
    assert score_files(empty, truth, untyped=False)["overall"]["f1"] == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty, expected a header vid,onset,offset,type"),
        ("vid,pred_onset,pred_offset,type\na,0,1,me\n", "column 'onset' is missing"),
        ("vid,onset,offset,type\na,0,1,me\na,x,1,me\n", "row 3, onset: found 'x'"),
        ("vid,onset,offset,type\na,0,,me\n", "row 2, offset: found ''"),
        ("vid,onset,offset,type\na,0.5,3,me\n", "row 2, onset: found '0.5'"),
        ("vid,onset,offset,type\na,9,3,me\n", "row 2: offset 3 lies before onset 9"),
        ("vid,onset,offset,type\na,0,1,micro\n", "row 2, type: found 'micro', expected me or mae"),
        ("vid,onset,offset,type\n,0,1,me\n", "row 2, vid: found nothing"),
        ("vid,onset,offset,type,score\na,0,1,me,high\n", "row 2, score: found 'high'"),
        ("vid,onset,offset,type\na,0,1,me,7\n", "more fields than the header"),
        ("vid,onset,offset,type\na,0,1,me\na,0,1,me,7,8\n", "not a CSV table"),
    ],
)
def test_bad_files_are_named_in_one_line(tmp_path, truth, text, message):
    path = write(tmp_path, "pred.csv", text)
    with pytest.raises(MespotError) as caught:
        score_files(path, truth, untyped=False)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00vid"])
def test_unreadable_files_are_named(tmp_path, truth, content):
    path = tmp_path / "pred.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MespotError, match="pred.csv: "):
        score_files(path, truth, untyped=False)


def test_the_table_shows_every_count(tmp_path, truth):
    rows = "vid,onset,offset,type\na,1,9,me\nc[x],0,9,mae\n"
    text = render_scores(score_files(write(tmp_path, "pred.csv", rows), truth, untyped=False))
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    assert lines["ME"] == ["2", "1", "1", "0", "1", "1.0000", "0.5000", "0.6667"]
    assert lines["MaE"] == ["1", "1", "0", "1", "1", "0.0000", "0.0000", "0.0000"]
    assert lines["overall"][:5] == ["3", "2", "1", "1", "2"]
    assert "c[x]" in text
    assert "\x1b" not in text


@pytest.mark.skipif(not PREDICTIONS.exists(), reason="published predictions are not here")
def test_published_files_give_the_published_counts():
    files = (PREDICTIONS / "mdmd_samm_lv_pred.csv", PREDICTIONS / "mdmd_samm_lv_gt.csv")
    result = score_files(*files, untyped=False)
    assert [result["overall"][key] for key in ("tp", "fp", "fn")] == [51, 1741, 451]
    assert score_files(*files, untyped=True)["overall"]["tp"] == 71
