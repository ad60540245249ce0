"""The real `dvc repro` on a tiny configuration, killed once in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mespot.params import load_params

pytestmark = pytest.mark.slow

ENV = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "DVC_NO_ANALYTICS": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_NUM_THREADS": "1",
}
ENV.pop("DVC_ROOT", None)


def tiny(root: Path, target: Path) -> None:
    """Copy the repository and shrink its settings; everything else stays as shipped."""
    for name in ("mespot", "stages", "weights", "dvc.yaml", "params.yaml", ".dvcignore"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target / name)
    (target / ".dvc").mkdir()
    (target / ".dvc" / "config").write_text(
        "[core]\n    analytics = false\n    no_scm = true\n    check_update = false\n"
    )
    yaml = YAML()
    path = target / "params.yaml"
    params = yaml.load(path.read_text(encoding="utf-8"))
    params["synth"]["difficulty"] = "easy"
    for name in ("samm_lv", "casme3"):
        params["synth"][name].update(subjects=3, videos=1)
    params["synth"]["samm_lv"]["seconds"] = 6.0
    params["synth"]["casme3"]["seconds"] = 12.0
    params["pretrain"].update(steps=4, batch=4, checkpoint_every=2)
    params["finetune"]["base"].update(steps=6, batch=4, checkpoint_every=2)
    params["finetune"]["base"]["granularities"] = [0.5]
    params["slices"]["lengths"] = [0.5, 1.0]
    params["grid"]["me"]["lengths"] = [0.5]
    params["grid"]["mae"]["lengths"] = [1.0]
    params["report"]["draws"] = 20
    with open(path, "w", encoding="utf-8") as stream:
        yaml.dump(params, stream)


def repro(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=folder,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=900,
    )


def kill_during(folder: Path, sign: str) -> None:
    """Start `dvc repro` and kill its whole process group once `sign` matches a file."""
    running = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=folder,
        env=ENV,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not list(folder.glob(sign)):
        assert running.poll() is None, "dvc repro ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    tiny(root, folder)
    kill_during(folder, ".work/finetune/*/0.5/fold0/*")
    done = repro(folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def test_killed_and_finished_run_has_every_result(project):
    for dataset in ("samm_lv", "casme3"):
        metrics = json.loads((project / "metrics" / f"{dataset}.json").read_text())
        assert metrics["data"]["videos"] == 3
        events = metrics["data"]["events"]["overall"]
        for branch in ("model", "flow", "fused"):
            overall = metrics[branch]["overall"]
            assert overall["tp"] + overall["fn"] == events > 0
            assert overall["f1_low"] <= overall["f1"] <= overall["f1_high"]
        figures = json.loads((project / "metrics" / "f1" / f"{dataset}.json").read_text())
        assert figures["fused_f1"] == metrics["fused"]["overall"]["f1"]
        assert (project / f"artifacts/report/{dataset}/report.html").stat().st_size > 10_000
        assert len(list((project / f"artifacts/report/{dataset}/timelines").glob("*.png"))) == 3
        assert (project / f"artifacts/fuse/{dataset}/system/system.json").is_file()


def test_a_second_repro_does_nothing(project):
    before = {path: path.stat().st_mtime_ns for path in (project / "metrics").rglob("*")}
    done = repro(project)
    assert done.returncode == 0
    assert "up to date" in done.stdout
    assert "Running stage" not in done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in (project / "metrics").rglob("*")}


def test_runs_stand_in_mlflow_under_their_invocations(project):
    from mespot.tracking import connect

    client, experiment = connect(project)
    runs = client.search_runs([experiment], max_results=200)
    parents = [run for run in runs if run.data.tags["stage"] == "pipeline"]
    children = [run for run in runs if run.data.tags["stage"] != "pipeline"]
    assert len(parents) == 2  # the killed invocation and the one that finished
    assert {run.data.tags["mlflow.parentRunId"] for run in children} <= {
        run.info.run_id for run in parents
    }
    finished = {run.data.tags["stage"] for run in children if run.info.status == "FINISHED"}
    assert finished >= set(
        "synth index preprocess sheet pretrain finetune slices flow grid".split()
    )
    told = next(run for run in parents if run.data.metrics)
    assert {"casme3/fused_f1", "samm_lv/model_me_f1"} <= set(told.data.metrics)
    assert "| casme3 |" in told.data.tags["mlflow.note.content"]


def test_the_final_system_is_an_mlflow_model_that_takes_a_path(project, tmp_path):
    import pandas as pd
    from mlflow import pyfunc

    from mespot.fusion.system import load_system
    from mespot.spotting.inputs import read_inputs
    from mespot.spotting.run import spot
    from mespot.tracking import connect

    client, experiment = connect(project)
    query = "tags.stage = 'report' AND tags.dataset = 'casme3' AND attributes.status = 'FINISHED'"
    run = client.search_runs([experiment], query)[0].info.run_id
    model = pyfunc.load_model(client.download_artifacts(run, "system", str(tmp_path)))
    frames = next((project / "data" / "embedded").glob("*/casme3/part_A/data/part_A/*/*/color"))
    table = model.predict(pd.DataFrame({"path": [str(frames)], "fps": [30.0]}))
    system = load_system(project / "artifacts" / "fuse" / "casme3" / "system")
    params = load_params(project / "params.yaml")
    expected = spot(read_inputs([str(frames)], 30.0), tmp_path / "out", params, system)
    columns = ["onset", "offset", "type", "score", "onset_s", "offset_s", "speech"]
    assert list(table.columns) == ["path", *columns]
    assert table[columns].values.tolist() == expected[columns].values.tolist()


@pytest.mark.parametrize("member", ["flow", "model", "union", "learned"])
def test_the_fused_system_spots_in_a_rendered_video(project, tmp_path, member):
    from mespot.fusion.system import load_system
    from mespot.spotting.inputs import read_inputs
    from mespot.spotting.run import spot

    params = load_params(project / "params.yaml")
    frames = next((project / "data" / "embedded").glob("*/casme3/part_A/data/part_A/*/*/color"))
    system = load_system(project / "artifacts" / "fuse" / "casme3" / "system")
    system = replace(system, member=member, thresholds={"me": 0.0, "mae": 0.0})
    table = spot(read_inputs([f"one={frames}"], 30.0), tmp_path, params, system)
    assert (tmp_path / "intervals.csv").read_text().startswith("vid,onset,offset,type,score")
    assert set(table["vid"]) <= {"one"}
    if member in ("flow", "union", "learned"):  # a classifier of six steps may find nothing
        assert len(table) > 0
    assert ((table["score"] >= 0) & (table["score"] <= 1)).all()
    numbers = sorted(int(path.stem) for path in frames.glob("*.jpg"))
    assert table["onset"].between(numbers[0], numbers[-1]).all()
    lines = (tmp_path / "one" / "frames.csv").read_text().splitlines()
    assert lines[0].startswith("frame,timestamp,success,confidence")
    assert [int(line.split(",")[0]) for line in lines[1:]] == numbers


def test_restored_stages_are_logged_by_sync(project):
    """With the outputs and the tracking store gone, DVC restores the former, sync the latter."""
    shutil.rmtree(project / "artifacts" / "grid")
    for path in project.glob("mlflow.db*"):
        path.unlink()
    done = repro(project)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (project / "artifacts" / "grid" / "casme3" / "chosen.json").is_file()
    sync = "import sys; sys.argv = ['mespot', 'runs', 'sync']; from mespot.cli import main; main()"
    answers = [
        subprocess.run(
            [sys.executable, "-c", sync], cwd=project, env=ENV, capture_output=True, text=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert answers == ["24 runs added, 0 already there", "0 runs added, 24 already there"]
