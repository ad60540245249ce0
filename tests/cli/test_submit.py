"""`mespot submit` on a small tree in the layout of MEGC 2023, killed once and resumed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from mespot.submission.format import read_submission

# numbers of the frames on disk: the CAS clip begins at 5 and lacks 25 to 29
CAS = np.concatenate([np.arange(5, 25), np.arange(30, 130)])
SAMM = np.arange(1, 401)


def render_video(folder: Path, name, numbers: np.ndarray, fps: float, grey: bool) -> pd.DataFrame:
    from mespot.synth.identity import make_identity
    from mespot.synth.render import render
    from mespot.synth.script import make_script, script_events

    rng = np.random.default_rng(5)
    identity = make_identity(rng)
    script = make_script(rng, len(numbers) / fps, "easy", 0, 1)
    folder.mkdir(parents=True)
    for number, frame in zip(numbers, render(identity, script, fps, 192, grey, 1), strict=False):
        cv2.imwrite(str(folder / name(number)), frame if grey else frame[..., ::-1])
    return script_events(script, fps)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Data root and true events (0-based) of both videos."""
    root = tmp_path_factory.mktemp("data")
    part = root / "megc2023"
    samm = part / "SAMM_data" / "002_1"
    truth = {
        "002_1": render_video(samm, lambda n: f"002_1_{n:05d}.jpg", SAMM, 200.0, True),
        "smy_d1": render_video(part / "CAS_data/smy/d1", lambda n: f"{n}.jpg", CAS, 30.0, False),
    }
    return root, truth


@pytest.fixture(scope="module")
def params_file(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("params") / "params.yaml"
    shutil.copyfile(root / "params.yaml", path)
    return path


@pytest.fixture(scope="module")
def entry(tree, params_file, tmp_path_factory):
    """A folder of results after a call that was killed when its first video was finished."""
    out = tmp_path_factory.mktemp("entry")
    words = ["submit", "megc2023", "--root", tree[0], "--out", out, "--jobs", "1"]
    running = subprocess.Popen(
        [sys.executable, "-c", "from mespot.cli.app import main; main()", *map(str, words)]
        + ["--params", str(params_file)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(out.glob(".work/*.json")):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not list(out.glob("*.csv"))
    return out


@pytest.fixture
def searched(monkeypatch):
    """Names of the videos that are searched."""
    from mespot.submission import run as submit

    names = []

    def spy(source, name, *rest, **more):
        names.append(name)
        return search(source, name, *rest, **more)

    search = submit.analyse_video
    monkeypatch.setattr(submit, "analyse_video", spy)
    return names


def best_iou(rows: pd.DataFrame, event: tuple[int, int]) -> float:
    from mespot.core.events import iou_matrix

    return float(iou_matrix(rows[["onset", "offset"]].to_numpy(), np.array([event])).max())


@pytest.mark.slow
def test_a_killed_call_goes_on_and_the_files_are_right(run, tree, entry, params_file, searched):
    root, truth = tree
    words = ["submit", "megc2023", "--root", root, "--out", entry, "--jobs", 1]
    words += ["--params", params_file]
    code, out, err = run(*words)
    assert code == 0, err
    assert searched == ["smy_d1"]  # the longer one was finished before the kill
    assert "1 of 2 videos were finished before" in err
    assert out.count("  VALID\n") == 2 and "without prediction: 001_2 001_3 002_4" in out
    assert out.splitlines()[-2].startswith("not on disk, hence without prediction: 001_2")
    for name, part, numbers in (("smy_d1", "cas", CAS), ("002_1", "samm", SAMM)):
        rows = read_submission(entry / f"{part}_pred.csv")
        assert set(rows["vid"]) == {name}
        assert set(rows["onset"]) | set(rows["offset"]) <= set(numbers.tolist())
        onset, offset = truth[name][["onset", "offset"]].to_numpy()[0]
        official = rows[rows["type"] == "mae"]
        assert best_iou(official, (int(numbers[onset]), int(numbers[offset]))) >= 0.6
    table = pd.read_csv(entry / "intervals.csv", dtype={"vid": str})
    assert list(table) == ["vid", "onset", "offset", "type", "score", "onset_s", "offset_s"]
    cas = table[table["vid"] == "smy_d1"]
    index = np.searchsorted(CAS, cas["onset"])
    assert cas["onset_s"].to_numpy() == pytest.approx(index / 30, abs=1e-3)
    assert table["score"].between(0.5, 1).all()
    assert not [path for path in (entry / ".work").iterdir() if path.is_dir()]  # no crops remain

    files = {path: path.read_bytes() for path in entry.glob("*.csv")}
    searched.clear()
    code, _, _ = run(*words)
    assert code == 0 and searched == []
    assert {path: path.read_bytes() for path in entry.glob("*.csv")} == files
    code, _, _ = run(*words, "--header", 2022)
    assert code == 0 and searched == []
    assert (entry / "cas_pred.csv").read_text().startswith("vid,pred_onset,pred_offset,type\n")
    assert len(read_submission(entry / "cas_pred.csv")) == len(cas)


@pytest.mark.slow
def test_it_finds_what_spot_finds(run, tree, params_file, tmp_path):
    root, _ = tree
    shutil.copytree(root / "megc2023" / "CAS_data", tmp_path / "data" / "megc2023")
    words = ["--params", params_file, "--out"]
    code, out, err = run(
        "submit", "megc2023", "--root", tmp_path / "data", *words, tmp_path / "a", "--jobs", 1
    )
    assert code == 0, err
    assert "no video of the samm part on disk" in " ".join(err.split())
    assert not (tmp_path / "a" / "samm_pred.csv").exists()
    clip = tmp_path / "data" / "megc2023" / "smy" / "d1"
    code, _, err = run("spot", f"smy_d1={clip}", "--fps", 30, *words, tmp_path / "b")
    assert code == 0, err
    ours = pd.read_csv(tmp_path / "a" / "intervals.csv")
    theirs = pd.read_csv(tmp_path / "b" / "intervals.csv").drop(columns="speech")
    pd.testing.assert_frame_equal(ours, theirs, check_exact=False, atol=1e-4)
    assert len(ours) and (ours["onset"] > 29).any()


def write_system(folder: Path, params, threshold: float) -> None:
    """A system whose search chose the flow branch, with an operating point."""
    from mespot.fusion.candidates import FEATURES
    from mespot.search.setting import CurveSetting

    folder.mkdir()
    scorer = {key: [1.0] * len(FEATURES) for key in ("mean", "scale", "weight")}
    setting = CurveSetting(0.5, 0.5, 0.25, "weighted", 0.05, "absolute", 0.5, 1.0, 0.1, 0.1, 6.0)
    same = {kind: {"slope": 1.0, "bias": 0.0} for kind in ("me", "mae")}
    scorer |= {"features": list(FEATURES), "bias": 0.0}
    content = {
        "format": 2,
        "settings": {kind: setting.as_dict() for kind in ("me", "mae")},
        "member": "flow",
        "value": 0.0,
        "thresholds": {kind: threshold for kind in ("me", "mae")},
        "calibration": same,
        "scorers": {"flow": same, "model": same, "learned": {"me": scorer, "mae": scorer}},
        "params": {
            name: getattr(params, name).model_dump()
            for name in ("preprocess", "flow", "slices", "grid", "fuse")
        },
    }
    (folder / "system.json").write_text(json.dumps(content))


@pytest.mark.slow
def test_a_system_per_part_and_only_that_part_is_searched_again(
    run, tree, entry, params, params_file, searched, tmp_path
):
    write_system(tmp_path / "system", params, 1.1)
    out = tmp_path / "entry"
    shutil.copytree(entry, out)
    code, _, err = run(
        "submit", "megc2023", "--root", tree[0], "--params", params_file, "--out", out,
        "--jobs", 1, "--cas-model", tmp_path / "system",
    )  # fmt: skip
    assert code == 0, err
    assert searched == ["smy_d1"]
    assert (out / "cas_pred.csv").read_text() == "vid,onset,offset,type\n"
    assert len(read_submission(out / "samm_pred.csv")) > 0


def test_a_system_of_another_version_is_one_line(run, tree, params, params_file, tmp_path):
    write_system(tmp_path / "system", params, 0.5)
    path = tmp_path / "system" / "system.json"
    content = json.loads(path.read_text())
    content["params"]["grid"]["me"]["merge_gap"] = 0.05
    path.write_text(json.dumps(content))
    words = ["--params", params_file, "--model", tmp_path / "system", "--out", tmp_path / "out"]
    code, _, err = run("submit", "megc2023", "--root", tree[0], *words)
    assert code == 1 and len(err.strip().splitlines()) == 1
    assert "params: grid.me.merge_gap does not fit" in err
    clip = tree[0] / "megc2023" / "CAS_data" / "smy" / "d1"
    code, _, err = run("spot", clip, "--fps", 30, *words)
    assert code == 1 and "params: grid.me.merge_gap does not fit" in err


@pytest.mark.slow
def test_a_changed_setting_starts_afresh(run, tree, entry, params_file, monkeypatch, tmp_path):
    from mespot.core.errors import MespotError
    from mespot.submission import run as submit

    searched = []

    def faceless(source, name, *rest, **more):
        searched.append(name)
        raise MespotError(f"video {name}: no face")

    monkeypatch.setattr(submit, "analyse_video", faceless)
    changed = tmp_path / "params.yaml"
    text = params_file.read_text()
    changed.write_text(re.sub(r"( threshold:) [\d.]+( .*noise SDs)", r"\1 11.0\2", text))
    assert changed.read_text() != text
    words = ["submit", "megc2023", "--root", tree[0], "--out", entry, "--jobs", 1]
    code, _, err = run(*words, "--params", changed)
    assert sorted(searched) == ["002_1", "smy_d1"]
    assert code == 1 and "no face" in err.strip().splitlines()[-1]


@pytest.mark.slow
def test_a_video_without_a_face_does_not_lose_the_others(
    run, tree, entry, params_file, monkeypatch, tmp_path
):
    out = tmp_path / "entry"
    shutil.copytree(entry, out)
    data = tmp_path / "data"
    shutil.copytree(tree[0], data, copy_function=os.link)
    os.utime(data / "megc2023/SAMM_data/002_1", ns=_times(tree[0] / "megc2023/SAMM_data/002_1"))
    noise = data / "megc2023" / "CAS_data" / "smy" / "d1"
    shutil.rmtree(noise)
    noise.mkdir()
    rng = np.random.default_rng(0)
    for number in range(1, 40):
        frame = rng.integers(0, 255, (120, 160), dtype=np.uint8)
        cv2.imwrite(str(noise / f"{number}.jpg"), frame)
    code, text, err = run(
        "submit", "megc2023", "--root", data, "--out", out, "--jobs", 1, "--params", params_file
    )
    assert code == 1 and "1 videos failed" in err.splitlines()[-1] and "smy_d1" in err
    assert (out / "cas_pred.csv").read_text() == "vid,onset,offset,type\n"
    assert len(read_submission(out / "samm_pred.csv")) > 0


def _times(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_atime_ns, status.st_mtime_ns


def test_help_shows_both_uses(run):
    code, out, _ = run("submit", "--help")
    assert code == 0
    assert "mespot submit megc2023 --root" in out and "mespot submit --check" in out


def test_check_prints_every_file_and_exits_with_one(run, tmp_path):
    good, bad = tmp_path / "cas_pred.csv", tmp_path / "samm_pred.csv"
    good.write_text("vid,onset,offset,type\ndzw_a1,10,20,me\n")
    bad.write_text("vid,onset,offset,type\n001_2,10,5,me\n001_9,1,2,me\n")
    code, out, _ = run("submit", "--check", good)
    assert code == 0 and out.splitlines()[-1] == "  VALID"
    code, out, _ = run("submit", "--check", good, bad)
    assert code == 1
    assert "row 2: found onset 10 and offset 5" in out and "'001_9'" in out
    assert "  VALID\n" in out and out.splitlines()[-1] == "  NOT VALID: 2 errors"
    code, _, _ = run("submit", "--check", good, "--dataset", "megc2022")
    assert code == 1
    index = tmp_path / "videos.csv"
    index.write_text(
        "subject,video,path,kind,fps,frames,first,gaps,grey,fingerprint\n"
        "dzw,dzw_a1,x,folder,30,10,5,,False,abc\n"
    )
    code, out, _ = run("submit", "--check", good, "--index", index)
    assert code == 1 and "offset: found 20, expected a frame of dzw_a1, 5 to 14" in out


def test_convert_an_interval_table(run, tmp_path):
    index, table = tmp_path / "videos.csv", tmp_path / "intervals.csv"
    index.write_text(
        "subject,video,path,kind,fps,frames,first,gaps,grey,fingerprint\n"
        "006,006_1,x,folder,200,900,7,10-11,True,abc\n"
    )
    table.write_text(
        "branch,video,onset,offset,type,score\nflow,006_1,0,9,me,0.9\nfused,006_1,2,60,me,0.8\n"
    )
    words = ["submit", "samm_lv", "--intervals", table, "--index", index, "--out", tmp_path / "o"]
    code, out, err = run(*words)
    assert code == 0, err
    text = (tmp_path / "o" / "samm_lv_pred.csv").read_text()
    assert text == "vid,onset,offset,type\n006_1,9,69,me\n"
    assert "  VALID" in out
    code, _, _ = run(*words, "--branch", "flow", "--min-score", 0.95)
    assert (tmp_path / "o" / "samm_lv_pred.csv").read_text() == "vid,onset,offset,type\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["megc2023", "--root", "{empty}"], "--out is missing"),
        (["megc2023", "--out", "o", "--root", "{empty}"], "megc2023: not found"),
        (["megc2022", "--out", "o", "--root", "{tree}"], "found dzw_a1, expected test videos"),
        (["megc2023", "--out", "o"], "no folder is known for megc2023"),
        (["megc2023", "--out", "o", "--root", "{tree}", "--header", "2021"], "header"),
        (["megc2023", "--out", "o", "--root", "{tree}", "--model", "{empty}"], "no system.json"),
        (["samm_lv", "--out", "o", "--root", "{tree}", "--cas-model", "x"], "expected --model"),
        (["nothing", "--out", "o", "--root", "{empty}"], "data set 'nothing' is unknown"),
        (["megc2022", "megc2023", "--out", "o"], "expected one data set"),
        (["megc2023", "--out", "o", "--dataset", "megc2023"], "--dataset goes with --check"),
        (["megc2023", "--out", "o", "--index", "v.csv"], "--index goes with"),
        (["--check", "none.csv"], "none.csv: cannot be read"),
        (["--check", "none.csv", "--out", "o"], "--check reads files"),
        (["--check", "none.csv", "--dataset", "casme3"], "edition 'casme3' is unknown"),
    ],
)
def test_faults_are_one_line_and_nothing_is_written(run, tmp_path, monkeypatch, words, expected):
    (tmp_path / "empty").mkdir()
    # one CAS clip of 2023 under the name of the 2022 set
    for name in ("megc2022/sub09", "megc2023/dzw_a1", "megc2022/001_9"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        picture = np.zeros((64, 64, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "tree" / name / "1.jpg"), picture)
    monkeypatch.chdir(tmp_path)
    places = {"empty": str(tmp_path / "empty"), "tree": str(tmp_path / "tree")}
    code, _, err = run("submit", *[word.format(**places) for word in words])
    assert code == 1
    assert expected.replace("dzw_a1", "001_9") in err
    assert len(err.strip().splitlines()) == 1 and "Traceback" not in err
    assert not (tmp_path / "o").exists()
