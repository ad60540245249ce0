from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mespot.cli.app import app
from mespot.core.errors import MespotError
from mespot.metric import PROTOCOLS, choose_protocol
from mespot.scoring.curve import curve_table, write_curve
from mespot.scoring.files import ScoreRules, load_sets, score_files, score_sets
from mespot.scoring.sets import ScoredFiles, pair_files
from mespot.scoring.text import render_protocols, render_scores

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PREDICTIONS = DATA / "predictions"
SUBMISSIONS = DATA / "submissions"
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
    result = score_files(write(tmp_path, "pred.csv", rows), truth)
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
    result = score_files(path, path)
    assert result["overall"]["f1"] == 1.0
    assert result["videos"] == 2


def test_a_file_without_rows_scores_zero(tmp_path, truth):
    empty = write(tmp_path, "pred.csv", "vid,onset,offset,type\n")
    assert score_files(empty, truth)["overall"]["f1"] == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty, expected a header vid,onset,offset,type"),
        ("\n \n", "is empty, expected a header"),
        ("vid,begin,end,type\na,0,1,me\n", "column 'onset' or 'pred_onset' is missing, found vid,"),
        (
            "vid onset offset type\na 0 1 me\n",
            "column 'vid' or 'video' is missing, found vid onset",
        ),
        ("vid,video,onset,offset,type\n", "columns 'vid' and 'video' both mean the same"),
        ("vid,onset,offset\na,0,1\n", "column 'type' or 'pred_type' is missing"),
        ("vid,onset,offset,type\na,0,1,me\na,x,1,me\n", "row 3, onset: found 'x'"),
        ("\nvid,onset,offset,type\n\n\na,x,1,me\n", "row 5, onset: found 'x'"),
        ("vid,onset,offset,type\na,0,,me\n", "row 2, offset: found ''"),
        ("vid,onset,offset,type\na,nan,3,me\n", "row 2, onset: found 'nan'"),
        ("vid,onset,offset,type\na,1_0,30,me\n", "row 2, onset: found '1_0'"),
        ("vid,onset,offset,type\na,0,1e300,me\n", "row 2, offset: found '1e300'"),
        ("vid;onset;offset;type\na;0,5;3;me\n", "row 2, onset: found '0,5', expected a whole"),
        ("vid,onset,offset,type\na,0.5,3,me\n", "row 2, onset: found '0.5', expected a whole"),
        ("vid,onset,offset,type\na,9,3,me\n", "row 2: offset 3 lies before onset 9"),
        ("vid,onset,offset,type\na,9,0,mae\n", "0 stands for a missing offset?"),
        ("vid,onset,offset,type\na,0,1,happy\n", "row 2, type: found 'happy', expected me or mae"),
        ("vid,onset,offset,type\na,0,1,\n", "row 2, type: found '', expected me or mae"),
        ("vid,onset,offset,type\n,0,1,me\n", "row 2, vid: found nothing"),
        ("vid,onset,offset,type,score\na,0,1,me,high\n", "row 2, score: found 'high'"),
        ("vid,onset,offset,type,score\na,0,1,me,inf\n", "row 2, score: found 'inf'"),
        ("vid,onset,offset,type\na,0,1,me,7\n", "row 2: found 5 fields, expected 4"),
        ("vid,onset,offset,type\na,0,1\n", "row 2: found 3 fields, expected 4"),
        ('vid,onset,offset,type\n"a,0,1,me\n', "row 2: not a readable CSV table"),
    ],
)
def test_bad_files_are_named_in_one_line(tmp_path, truth, text, message):
    path = write(tmp_path, "pred.csv", text)
    with pytest.raises(MespotError) as caught:
        score_files(path, truth)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "found a binary file, or text that is not in UTF-8"),
        (b"PK\x03\x04rest", r"found a workbook \(a binary file\), expected a table saved as CSV"),
        (b"\xd0\xcf\x11\xe0rest", "found a workbook"),
    ],
)
def test_unreadable_files_are_named(tmp_path, truth, content, message):
    path = tmp_path / "pred.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MespotError, match=f"pred.csv: {message}"):
        score_files(path, truth)
    with pytest.raises(MespotError, match="cannot be read"):
        score_files(tmp_path, truth)


@pytest.mark.parametrize(
    "text",
    [
        "video,onset,offset,type\na,0,9,micro-expression\na,0,59,Macro\nb,5,8,ME\n",
        "Vid;Pred_Onset;Pred_Offset;Type\na;0;9;Micro - 1/2\na;0;59;MaE\nb;5;8;micro\n",
        "vid\tonset\toffset\ttype\r\na\t0.0\t9.0\tme\r\n\r\na\t0\t59\tmae\r\nb\t5\t8\tme\r\n",
        "\ufeffvid, onset, offset, type,,\n a , 0 ,+9, me,,\na,0,59,macro_expression\nb,5,8,me",
        'type,"vid",note,offset,onset\nme,"a","x,y",9,0\nmae,a,,59,0\nme,b,"",8,5\n',
    ],
)
def test_unmistakable_variants_mean_the_same(tmp_path, truth, text):
    result = score_files(write(tmp_path, "pred.csv", text), truth)
    assert [result["overall"][key] for key in ("tp", "fp", "fn")] == [3, 0, 0]


def test_only_a_prediction_may_begin_before_the_video(tmp_path, truth):
    path = write(tmp_path, "pred.csv", "vid,onset,offset,type\na,-4,9,me\nb,5,8,me\n")
    result = score_files(path, truth)
    assert result["me"]["tp"] == 2
    assert "1 of 2 predictions begin before frame 0" in result["notes"]
    with pytest.raises(MespotError, match="row 2, onset: found '-4', expected a whole frame .* 0"):
        score_files(truth, path)


def test_types_are_needed_only_where_they_are_used(tmp_path, truth):
    path = write(tmp_path, "pred.csv", "vid,onset,offset\na,0,59\nb,5,8\n")
    assert score_files(path, truth, untyped=True)["overall"]["tp"] == 2
    assert score_files(path, truth, protocol="lgsnet")["overall"]["tp"] == 2
    split = score_files(path, truth, protocol="lgsnet", fps=30.0)
    assert [split[kind]["tp"] for kind in ("me", "mae")] == [1, 1]
    with pytest.raises(MespotError, match="truth.csv|pred.csv: column 'type' or 'pred_type'"):
        score_files(truth, path, protocol="lgsnet", fps=30.0)


def test_a_missing_offset_stays_only_for_the_source_that_keeps_it(tmp_path, truth):
    path = write(tmp_path, "t.csv", "vid,onset,offset,type\na,178,0,mae\na,0,59,mae\n")
    result = score_files(truth, path, protocol="ustc")
    assert [result["mae"][key] for key in ("tp", "fp", "fn")] == [1, 0, 1]
    assert "1 events have no offset (0) and cannot be hit" in result["notes"]
    with pytest.raises(MespotError, match="t.csv: row 2: offset 0 lies before onset 178"):
        score_files(truth, path)


def test_the_list_of_videos_closes_the_set(tmp_path, truth):
    found = write(tmp_path, "pred.csv", "vid,onset,offset,type\na,0,9,me\nc,0,9,me\n")
    listed = write(tmp_path, "videos.csv", "subject,video,fps\nx,a,30\nx,b,30\ny,c,30\ny,d,30\n")
    result = score_files(found, truth, videos_csv=listed)
    assert (result["videos"], result["subjects"], result["unknown_videos"]) == (4, 2, [])
    assert [row["subject"] for row in result["by_subject"]] == ["x", "y"]
    assert "subject: column of the list of videos" in result["notes"]
    short = write(tmp_path, "short.csv", "vid\na\nb\n")
    with pytest.raises(MespotError, match="pred.csv: row 3, vid: found 'c', expected one of the 2"):
        score_files(found, truth, videos_csv=short)
    with pytest.raises(MespotError, match="truth.csv: row 4, vid: found 'b', expected one of"):
        score_files(found, truth, videos_csv=write(tmp_path, "ac.csv", "vid\na\nc\n"))
    twice = write(tmp_path, "twice.csv", "vid\na\nb\na\n")
    with pytest.raises(MespotError, match="twice.csv: row 4, vid: found 'a' again"):
        score_files(found, truth, videos_csv=twice)
    bad = write(tmp_path, "bad.csv", "vid,fps\na,30\nb,fast\nc,30\n")
    with pytest.raises(MespotError, match="bad.csv: row 3, fps: found 'fast'"):
        score_files(found, truth, videos_csv=bad)


def test_the_list_gives_the_rates_of_a_split_by_length(tmp_path, truth):
    listed = write(tmp_path, "videos.csv", "vid,fps\na,200\nb,30\n")
    result = score_files(truth, truth, protocol="lgsnet", videos_csv=listed)
    # 59 frames are short at 200 fps, and events are counted by label
    assert [result["me"][key] for key in ("tp", "fp", "fn")] == [3, 0, -1]
    assert [result["mae"][key] for key in ("tp", "fp", "fn")] == [0, 0, 1]
    assert any(note.startswith("counts below 0") for note in result["notes"])


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        (["006_1", "15_0101disgustingteeth", "spNO.10_a", "dzw_a1", "plain"], None),
        (["006_1", "15_0101disgustingteeth"], ["s6", "s15"]),
    ],
)
def test_subjects_come_from_a_column_or_the_name(tmp_path, names, subjects):
    head = "vid,onset,offset,type" + (",subject" if subjects else "")
    ends = [f",{name}" for name in subjects] if subjects else [""] * len(names)
    rows = [f"{name},0,9,me{end}" for name, end in zip(names, ends, strict=True)]
    path = write(tmp_path, "truth.csv", "\n".join([head, *rows]))
    found = write(tmp_path, "pred.csv", "vid,onset,offset,type\n006_1,0,9,me\n006_2,0,9,me\n")
    result = score_files(found, path)
    stems = ["006", "15", "dzw", "plain", "spNO.10"]
    expected = ["s15", "s6"] if subjects else stems
    assert [row["subject"] for row in result["by_subject"]] == expected
    first = next(row for row in result["by_subject"] if row["subject"] in ("006", "s6"))
    assert first["overall"] == {"tp": 1, "fp": 1, "fn": 0, "f1": pytest.approx(2 / 3)}


def test_names_that_repeat_between_subjects_are_told_apart(tmp_path):
    head = "subject,video,onset,offset,emotion\n"
    truth = write(tmp_path, "t.csv", head + "1,EP,0,9,sad\n2,EP,50,59,happy\n")
    found = write(tmp_path, "p.csv", head + "1,EP,50,59,happy\n2,EP,50,59,happy\n")
    result = score_files(found, truth, protocol="strs")
    assert [result["me"][key] for key in ("tp", "fp", "fn")] == [1, 1, 1]
    assert result["strs"]["classes"] == ["happy", "sad"]
    assert result["strs"]["f1_analysis"] == pytest.approx(0.5)
    assert result["strs"]["strs"] == pytest.approx(0.25)
    nameless = write(tmp_path, "q.csv", "video,onset,offset,emotion\nEP,0,9,sad\n")
    with pytest.raises(MespotError, match="q.csv: column 'subject' is missing, expected since"):
        score_files(nameless, truth, protocol="strs")


def test_branches_of_a_fused_table_are_not_pooled(tmp_path, truth):
    head = "branch,video,onset,offset,type,score\n"
    path = write(tmp_path, "i.csv", head + "flow,a,0,9,me,1\nfused,a,0,9,me,1\nfused,b,5,8,me,1\n")
    with pytest.raises(MespotError, match="column branch: found flow, fused, expected one of them"):
        score_files(path, truth)
    rules = ScoreRules(choose_protocol("megc"), branch="fused")
    assert score_sets([ScoredFiles(path, truth)], rules)["predictions"] == 2
    rules = ScoreRules(choose_protocol("megc"), branch="model")
    with pytest.raises(MespotError, match="found flow, fused, expected 'model'"):
        score_sets([ScoredFiles(path, truth)], rules)
    with pytest.raises(MespotError, match="column branch: found none, expected 'model'"):
        score_sets([ScoredFiles(truth, truth)], rules)


def test_pooled_sets_add_their_counts_and_keep_their_subjects_apart(tmp_path, truth):
    other = write(tmp_path, "other.csv", "vid,onset,offset,type\na,0,9,me\na,100,159,mae\n")
    rules = ScoreRules(choose_protocol("megc"))
    one = score_sets([ScoredFiles(truth, truth)], rules)
    two = score_sets([ScoredFiles(truth, other)], rules)
    both = score_sets([ScoredFiles(truth, truth), ScoredFiles(truth, other)], rules)
    for kind in ("me", "mae", "overall"):
        for key in ("tp", "fp", "fn"):
            assert both[kind][key] == one[kind][key] + two[kind][key]
    assert both["subjects"] == one["subjects"] + two["subjects"]
    with pytest.raises(MespotError, match="fps: known for some of the data sets"):
        score_sets([ScoredFiles(truth, truth, fps=30.0), ScoredFiles(truth, other)], rules)


def test_intervals_repeat_and_hold_the_figure(tmp_path):
    rows = "".join(f"s{k}_1,0,9,me\n" for k in range(12))
    truth = write(tmp_path, "t.csv", "vid,onset,offset,type\n" + rows)
    found = write(tmp_path, "p.csv", "vid,onset,offset,type\n" + rows[: rows.index("s6_")])
    result = score_files(found, truth)
    assert result == score_files(found, truth)
    overall = result["overall"]
    assert overall["f1_low"] < overall["f1"] < overall["f1_high"]
    assert "f1_low" not in score_files(found, truth, draws=0)["overall"]
    with pytest.raises(MespotError, match="draws: found -1, expected 0 or more"):
        score_files(found, truth, draws=-1)


def test_subjects_whose_videos_do_not_count_are_not_drawn(tmp_path):
    truth = write(tmp_path, "t.csv", "vid,onset,offset,type\na_1,0,9,me\n")
    found = write(tmp_path, "p.csv", "vid,onset,offset,type\na_1,0,9,me\nb_1,0,9,me\n")
    assert score_files(found, truth)["subjects"] == 2
    result = score_files(found, truth, protocol="boostingvrme")
    assert (result["subjects"], result["videos"], result["overall"]["fp"]) == (1, 1, 0)
    assert "1 of 2 videos are not counted by boostingvrme" in result["notes"]


def test_no_common_name_is_said(tmp_path, truth):
    found = write(tmp_path, "p.csv", "vid,onset,offset,type\nA,0,9,me\n")
    notes = score_files(found, truth)["notes"]
    assert "no predicted video is named in the truth: compare 'A' and 'a'" in notes


def test_the_index_serves_as_truth_and_list(tmp_path):
    head = "subject,video,onset,apex,offset,type,official_onset,official_apex,official_offset,"
    row = "spNO.1,spNO.1_a,53,88,109,mae,60,95,116,sheet.xlsx,2,\n"
    events = write(tmp_path, "events.csv", head + "source,row,rule\n" + row)
    head = "subject,video,path,kind,fps,frames,first,gaps,grey,fingerprint\n"
    rows = "spNO.1,spNO.1_a,x,folder,30,899,7,535,False,1\nspNO.1,spNO.1_b,y,folder,30,9,7,,False,2"
    videos = write(tmp_path, "videos.csv", head + rows)
    found = write(tmp_path, "p.csv", "video,onset,offset,type,score\nspNO.1_a,53,109,mae,0.5\n")
    result = score_files(found, events, videos_csv=videos, protocol="flowteams")
    assert [result["mae"][key] for key in ("tp", "fp", "fn")] == [1, 0, 0]
    assert result["videos"] == 2
    assert any("0-based" in note for note in result["notes"])


def test_the_table_shows_every_count(tmp_path, truth):
    rows = "vid,onset,offset,type\na,1,9,me\nc[x],0,9,mae\n"
    text = render_scores(score_files(write(tmp_path, "pred.csv", rows), truth))
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    assert lines["ME"] == ["2", "1", "1", "0", "1", "1.0000", "0.5000", "0.6667", "0.0000-1.0000"]
    assert lines["MaE"][:8] == ["1", "1", "0", "1", "1", "0.0000", "0.0000", "0.0000"]
    assert lines["overall"][:5] == ["3", "2", "1", "1", "2"]
    assert "c[x]" in text
    assert "\x1b" not in text


def test_the_subject_table_and_the_list_of_protocols(tmp_path, truth):
    text = render_scores(score_files(truth, truth), by_subject=True)
    lines = [line.split() for line in text.splitlines()]
    assert ["a", "1/0/0", "1/0/0", "2/0/0", "1.0000"] in lines
    assert ["b", "1/0/0", "0/0/0", "1/0/0", "1.0000"] in lines
    listed = render_protocols().splitlines()
    assert [line.split()[0] for line in listed] == list(PROTOCOLS)


def test_the_curve_as_table_and_picture(tmp_path, truth):
    head = "vid,onset,offset,type,score\n"
    found = write(tmp_path, "p.csv", head + "a,0,9,me,0.9\na,30,40,me,0.5\nb,5,8,me,0.2\n")
    rules = ScoreRules(choose_protocol("megc"))
    table = curve_table(load_sets([ScoredFiles(found, truth)], rules), rules)
    me = table[table["type"] == "me"]
    assert me["precision"].tolist() == pytest.approx([1.0, 0.5, 2 / 3])
    assert me["recall"].tolist() == [0.5, 0.5, 1.0]
    assert me["f1"].tolist() == pytest.approx([2 / 3, 0.5, 0.8])
    for name in ("c.csv", "c.png"):
        write_curve(table, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        write_curve(table, tmp_path / name)
        assert (tmp_path / name).read_bytes() == first
    assert (tmp_path / "c.csv").read_text().startswith("type,score,precision,recall,f1\nme,0.9,")
    assert first.startswith(b"\x89PNG")
    with pytest.raises(MespotError, match="expected a name ending in .csv or .png"):
        write_curve(table, tmp_path / "c.pdf")
    with pytest.raises(MespotError, match="curve: found predictions without scores"):
        curve_table(load_sets([ScoredFiles(truth, truth)], rules), rules)


def test_lists_and_rates_go_to_their_sets():
    pairs = [("p1", "t1"), ("p2", "t2")]
    files = pair_files(pairs, ["v1", "v2"], [30.0, 200.0])
    assert files[1] == ScoredFiles("p2", "t2", "v2", 200.0)
    assert [one.fps for one in pair_files(pairs, [], [30.0])] == [30.0, 30.0]
    assert pair_files(pairs[:1], [], []) == [ScoredFiles("p1", "t1")]
    with pytest.raises(MespotError, match="--videos: found 1, expected one for each of 2"):
        pair_files(pairs, ["v1"], [])
    with pytest.raises(MespotError, match="--fps: found 2, expected one for each of 1"):
        pair_files(pairs[:1], [], [30.0, 200.0])


def test_the_command_passes_its_options_on(tmp_path, truth):
    run = CliRunner().invoke
    found = write(tmp_path, "p.csv", "vid,onset,offset,type,score\na,0,4,me,0.5\nc,0,9,me,0.4\n")
    files = ["score", str(found), str(truth), "--draws", "20"]

    def scored(*options):
        result = run(app, [*files, "--json", *options], catch_exceptions=False)
        assert result.exit_code == 0
        return json.loads(result.stdout)

    plain = scored()
    assert (plain["me"]["tp"], plain["draws"], plain["protocol"]) == (1, 20, "megc")
    assert scored("--strict")["me"]["tp"] == 0
    assert scored("--min-iou", "0.6")["me"]["tp"] == 0
    assert scored("--matching", "voc")["matching"] == "voc"
    assert "me" not in scored("--untyped")
    assert scored("--protocol", "SL-Swin")["strict"] is True
    assert scored("--protocol", "flowteams", "--fps", "30")["me"]["fn"] == 2
    assert scored("--and", str(truth), str(truth))["overall"]["tp"] == 4
    assert scored("--seed", "3")["seed"] == 3
    curve = tmp_path / "curve.csv"
    assert "by_subject" in scored("--curve", str(curve)) and curve.exists()
    shown = run(app, [*files, "--by-subject"]).stdout
    assert "ME TP/FP/FN" in shown and "20 draws over subjects" in shown
    assert run(app, ["score", "--protocols"]).stdout.startswith("megc ")
    for option, message in (
        (["--matching", "best"], "matching: found 'best'"),
        (["--min-iou", "0"], "min_iou: found 0"),
        (["--curve", "x.pdf"], "curve: found x.pdf"),
        (["--videos", str(tmp_path / "none.csv")], "none.csv: cannot be read"),
    ):
        failed = run(app, [*files, *option])
        assert isinstance(failed.exception, MespotError)
        assert message in str(failed.exception)


@pytest.mark.skipif(not PREDICTIONS.exists(), reason="published predictions are not here")
def test_published_files_give_the_published_counts():
    files = (PREDICTIONS / "mdmd_samm_lv_pred.csv", PREDICTIONS / "mdmd_samm_lv_gt.csv")
    result = score_files(*files, draws=0)
    assert [result["overall"][key] for key in ("tp", "fp", "fn")] == [51, 1741, 451]
    assert result["subjects"] == 30
    assert score_files(*files, untyped=True, draws=0)["overall"]["tp"] == 71


@pytest.mark.skipif(not SUBMISSIONS.exists(), reason="published submissions are not here")
def test_the_spot_then_recognise_example():
    files = (SUBMISSIONS / "strs_example_pred.csv", SUBMISSIONS / "strs_example_gt.csv")
    result = score_files(*files, protocol="strs", draws=0)
    assert [result["me"][key] for key in ("tp", "fp", "fn")] == [159, 85, 85]
    figures = {key: round(result["strs"][key], 4) for key in ("precision", "recall", "uf1", "strs")}
    assert figures == {"precision": 0.5983, "recall": 0.5872, "uf1": 0.5766, "strs": 0.3862}
    assert round(result["strs"]["f1_spotting"], 4) == 0.6516
    assert round(result["strs"]["f1_analysis"], 4) == 0.5927


@pytest.mark.skipif(not SUBMISSIONS.exists(), reason="published submissions are not here")
@pytest.mark.parametrize(
    "path", sorted(SUBMISSIONS.glob("megc202*_pred.csv")), ids=lambda p: p.stem
)
def test_real_submissions_hit_themselves(path):
    result = score_files(path, path, draws=0)
    assert result["overall"]["f1"] == 1.0
