from __future__ import annotations

import json

import cv2
import numpy as np
import pandas as pd
import pytest


def render_clip(folder, seconds=4.0, first=1, fps=30.0):
    """A rendered face with one macro-expression, as a folder of frames numbered from `first`."""
    from mespot.synth.identity import make_identity
    from mespot.synth.render import render
    from mespot.synth.script import make_script, script_events

    rng = np.random.default_rng(5)
    identity = make_identity(rng)
    script = make_script(rng, seconds, "easy", 0, 1)
    folder.mkdir()
    for index, frame in enumerate(render(identity, script, fps, 256, True, 1)):
        cv2.imwrite(str(folder / f"img_{first + index:05d}.jpg"), frame)
    return script_events(script, fps)


STAGES = """synth adapters index preprocess sheet motion gather
    pretrain finetune slices flow grid fuse report""".split()
COMMANDS = ["spot", "score", "submit", "check", "results", "ui", "import-weights", *STAGES]


def test_help_lists_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    for name in [*COMMANDS, "runs"]:
        assert f" {name} " in out


@pytest.mark.parametrize("name", [*COMMANDS, "runs sync"])
def test_every_help_has_an_example(run, name):
    code, out, _ = run(*name.split(), "--help")
    assert code == 0
    assert f"mespot {name}" in out and "Example" in out


@pytest.mark.slow
def test_spot_a_folder_of_frames(run, tmp_path):
    truth = render_clip(tmp_path / "clip", first=101)
    out = tmp_path / "results"
    code, text, err = run("spot", f"anna={tmp_path / 'clip'}", "--fps", 30, "--out", out)
    assert code == 0, err
    lines = (out / "intervals.csv").read_text().splitlines()
    assert lines[0] == "vid,onset,offset,type,score,onset_s,offset_s,speech"
    rows = [line.split(",") for line in lines[1:]]
    hits = [
        row
        for row in rows
        if row[3] == "mae" and int(row[1]) - 101 <= truth["apex"].iloc[0] <= int(row[2]) - 101
    ]
    assert len(hits) == 1 and hits[0][0] == "anna"
    assert float(hits[0][5]) == pytest.approx((int(hits[0][1]) - 101) / 30, abs=1e-3)
    frames = (out / "anna" / "frames.csv").read_text().splitlines()
    assert frames[0].startswith("frame,timestamp,success,confidence,")
    assert frames[1].startswith("101,0,1,")
    assert len(frames) == 121
    mae = [float(line.split(",")[frames[0].split(",").index("mae")]) for line in frames[1:]]
    held = [101 + index for index, score in enumerate(mae) if score > 0]
    assert {int(hits[0][1]), int(hits[0][2])} <= set(held) and 0.0 in mae
    assert (out / "anna" / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (out / "anna").iterdir()) == ["frames.csv", "timeline.png"]


def test_a_still_picture_gives_the_header_alone(run, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "still").mkdir()
    render_clip(tmp_path / "clip", seconds=4.0)
    picture = (tmp_path / "clip" / "img_00001.jpg").read_bytes()
    for number in range(60):
        (tmp_path / "still" / f"{number}.jpg").write_bytes(picture)
    code, _, err = run("spot", tmp_path / "still", "--fps", 25, "--out", tmp_path / "out")
    assert code == 0, err
    text = (tmp_path / "out" / "intervals.csv").read_text()
    assert text == "vid,onset,offset,type,score,onset_s,offset_s,speech\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nowhere.mp4", "--out", "o"], "nowhere.mp4: no such file"),
        (["{clip}", "--out", "o"], "needs --fps"),
        (
            ["{clip}", "x={clip}", "clip={clip}", "--fps", "30", "--out", "o"],
            "the name clip is taken",
        ),
        (["../up={clip}", "--fps", "30", "--out", "o"], "cannot name a folder"),
        (["{text}", "--out", "o"], "not a readable video"),
        (["{clip}", "--fps", "30", "--out", "o", "--neutral", "2-1"], "end before the start"),
        (["{clip}", "--fps", "30", "--out", "o", "--neutral", "2-3"], "outside of the video"),
        (["{clip}", "--fps", "30", "--out", "o", "--neutral", "3f-9f"], "outside of the video"),
        (
            ["{clip}", "--fps", "30", "--out", "o", "--neutral-table", "{rest}"],
            "neutral of anna: no such input, found clip",
        ),
        (["{clip}", "--fps", "30", "--out", "o", "--model", "{clip}"], "no system.json"),
        (["{clip}", "--fps", "30", "--out", "o", "--params", "{text}"], "notes.mp4"),
    ],
)
def test_spot_faults_are_one_line_and_nothing_is_written(
    run, tmp_path, monkeypatch, words, expected
):
    (tmp_path / "clip").mkdir()
    cv2.imwrite(str(tmp_path / "clip" / "1.jpg"), np.zeros((64, 64), np.uint8))
    (tmp_path / "notes.mp4").write_text("not: [a video")
    (tmp_path / "rest.csv").write_text("vid,start,end\nanna,0,0.1\n")
    monkeypatch.chdir(tmp_path)
    places = {"clip": str(tmp_path / "clip"), "text": str(tmp_path / "notes.mp4")}
    places["rest"] = str(tmp_path / "rest.csv")
    code, _, err = run("spot", *[word.format(**places) for word in words])
    assert code == 1
    assert expected in err
    assert len(err.strip().splitlines()) == 1 and "Traceback" not in err
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_a_stated_rest_moves_the_level(run, tmp_path):
    truth = render_clip(tmp_path / "clip", first=101)
    apex = int(truth["apex"].iloc[0])
    (tmp_path / "rest.csv").write_text(f"vid,start_f,end_f\nclip,{apex + 101},{apex + 101}\n")
    found = {}
    for name, words in {
        "first": ["--neutral", "0-0.1"],
        "apex": ["--neutral", "0-0.1", "--neutral-table", tmp_path / "rest.csv"],
    }.items():
        out = tmp_path / name
        code, _, err = run("spot", tmp_path / "clip", "--fps", 30, "--out", out, *words)
        assert code == 0, err
        frames = pd.read_csv(out / "clip" / "frames.csv")
        assert frames["speech"].between(0, 1).all()
        moved = [column for column in frames if column.endswith(("_x", "_y"))]
        found[name] = np.abs(frames[moved].to_numpy()).max(axis=1)
    assert found["first"][:4].max() < 0.01 < 0.02 < found["first"][apex]
    assert found["apex"][apex] < 1e-6 and found["apex"][:4].min() > 0.02


@pytest.mark.slow
def test_one_bad_video_does_not_lose_the_others(run, tmp_path):
    render_clip(tmp_path / "good")
    (tmp_path / "faceless").mkdir()
    rng = np.random.default_rng(0)
    for number in range(40):
        noise = rng.integers(0, 255, (120, 160), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "faceless" / f"{number}.jpg"), noise)
    out = tmp_path / "out"
    code, _, err = run("spot", tmp_path / "faceless", tmp_path / "good", "--fps", 30, "--out", out)
    assert code == 1
    assert "faceless" in err
    assert "good" in (out / "intervals.csv").read_text()


def test_score_prints_json_and_table(run, tmp_path):
    truth, found = tmp_path / "truth.csv", tmp_path / "found.csv"
    truth.write_text("vid,onset,offset,type\na,10,19,me\na,50,99,mae\nb,5,9,me\n")
    found.write_text("vid,onset,offset,type\na,12,19,mae\na,50,98,mae\n")
    code, out, _ = run("score", found, truth, "--json")
    result = json.loads(out)
    assert code == 0
    assert (result["mae"]["tp"], result["mae"]["fp"], result["me"]["fn"]) == (1, 1, 2)
    code, out, _ = run("score", found, truth, "--json", "--untyped")
    assert json.loads(out)["overall"]["tp"] == 2
    code, out, _ = run("score", found, truth)
    assert code == 0 and "overall" in out


def test_score_of_a_bad_table_is_one_line(run, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("vid,onset,offset,type\na,10,x,me\n")
    code, _, err = run("score", path, path)
    assert code == 1
    assert "bad.csv" in err and "'x'" in err and len(err.strip().splitlines()) == 1


def test_check_says_what_stands_in_the_way(run, root, tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    text = (root / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("check")
    assert "embedded data" in out and "detector and 68-point model load" in out
    (tmp_path / "params.yaml").write_text(
        text.replace('root: ""', "root: elsewhere"), encoding="utf-8"
    )
    code, out, _ = run("check")
    assert code == 1 and "elsewhere" in out


def test_results_shows_every_branch_or_says_what_to_run(run, root, tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = run("results")
    assert code == 1 and "no metrics yet" in err
    figures = {"f1": 0.5, "f1_low": 0.25, "f1_high": 0.75, "tp": 3, "fp": 2, "fn": 4}
    branch = {"me": figures, "mae": figures, "overall": figures}
    summary = {"dataset": "samm_lv", "model": branch, "flow": branch, "fused": branch}
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "samm_lv.json").write_text(json.dumps(summary))
    code, out, _ = run("results")
    assert code == 0
    assert out.count("3/2/4") == 3 and "fused" in out and "0.750" in out
    assert "oracle" not in out
    fuse = tmp_path / "artifacts" / "fuse" / "samm_lv"
    fuse.mkdir(parents=True)
    (fuse / "oracle.csv").write_text(
        "branch,type,nested_f1,oracle_f1\nmodel,me,0.1,0.2\nmodel,overall,0.3,0.4\n"
    )
    (fuse / "differences.csv").write_text(
        "member,against,type,difference,low,high\nfused,model,overall,0.25,0.1,0.5\n"
    )
    _, out, _ = run("results")
    assert "samm_lv model: nested 0.300, oracle 0.400; fused +0.250 (+0.100 to +0.500)" in out


def test_stages_outside_a_project_are_one_line(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("flow")
    assert code == 1 and "no dvc.yaml" in err


def test_an_unknown_dataset_is_one_line(run, root, monkeypatch):
    monkeypatch.chdir(root)
    code, _, err = run("flow", "--dataset", "smic")
    assert code == 1 and "'smic'" in err and "samm_lv" in err


def test_an_interruption_says_how_to_go_on(run, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("mespot.preflight.preflight", interrupted)
    code, _, err = run("check")
    assert code == 130
    assert err.splitlines()[-1].startswith("mespot: interrupted")
