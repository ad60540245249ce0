from __future__ import annotations

import json
import logging
import multiprocessing
import os
import subprocess
import sys
import textwrap

import pytest

from mespot.files import write_json
from mespot.project import Project
from mespot.restore import sync_runs
from mespot.tracking import connect, flatten, stage_run


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A project folder with an initialised store (the first initialisation takes seconds)."""
    home = tmp_path_factory.mktemp("project")
    (home / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    connect(home)
    return home


def test_a_stage_logs_params_curves_and_metrics(store):
    with stage_run("flow", "samm_lv", "abc", store) as run:
        run.params({"a": 1, "b": {"c": 2}})
        for step in range(5):
            run.metrics({"loss": 1.0 / (step + 1)}, step)
        run.metrics({"f1": 0.5, "nothing": float("nan")})
    client, experiment = connect(store)
    found = client.search_runs([experiment], "tags.fingerprint = 'abc'")[0]
    assert found.info.status == "FINISHED"
    assert found.data.params == {"a": "1", "b.c": "2"}
    assert found.data.metrics["f1"] == 0.5
    assert "nothing" not in found.data.metrics
    assert [point.step for point in client.get_metric_history(found.info.run_id, "loss")] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert found.data.tags["dataset"] == "samm_lv"
    assert run.record["curves"]["loss"][1] == [1, 0.5]
    json.dumps(run.record)


def test_a_failing_stage_ends_failed(store):
    with pytest.raises(RuntimeError), stage_run("grid", None, "boom", store):
        raise RuntimeError
    client, experiment = connect(store)
    assert client.search_runs([experiment], "tags.fingerprint = 'boom'")[0].info.status == "FAILED"


def test_work_goes_on_with_one_warning_when_tracking_is_away(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING, "mespot"), stage_run("flow", None, "x", tmp_path) as run:
        run.params({"a": 1})
        run.metrics({"f1": 1.0})
        run.artifact(tmp_path / "nothing.png")
    assert len([record for record in caplog.records if record.name == "mespot.tracking"]) == 1
    assert run.record["metrics"] == {"f1": 1.0}


def _first_touch(home, queue):
    with stage_run("flow", None, f"p{os.getpid()}", home) as run:
        run.metrics({"f1": 0.1})
    queue.put(run._client is not None)


def test_several_processes_may_touch_a_fresh_store_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [context.Process(target=_first_touch, args=(tmp_path, queue)) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert [queue.get(timeout=120) for _ in workers] == [True] * 3
    for worker in workers:
        worker.join()
    client, experiment = connect(tmp_path)
    assert len(client.search_runs([experiment])) == 3


def test_stages_of_one_dvc_call_share_a_parent(store, tmp_path):
    stage = textwrap.dedent(
        f"""
        from pathlib import Path
        from mespot.tracking import stage_run
        with stage_run("flow", None, "family", Path({str(store)!r})) as run:
            run.parent({{"seed": 7}}, {{"f1": 0.25}})
        """
    )
    # a process that looks like `dvc repro` and runs two stages one after the other
    code = (
        "import subprocess, sys\n"
        f"for _ in range(2): subprocess.run([sys.executable, '-c', {stage!r}], check=True)"
    )
    script = tmp_path / "dvc"
    script.write_text(code, encoding="utf-8")
    subprocess.run([sys.executable, str(script), "repro"], check=True)
    client, experiment = connect(store)
    runs = client.search_runs([experiment], "tags.fingerprint = 'family'")
    parents = {run.data.tags["mlflow.parentRunId"] for run in runs}
    assert len(runs) == 2 and len(parents) == 1
    parent = client.get_run(parents.pop())
    assert parent.info.run_name == "dvc repro"
    assert parent.info.status == "FINISHED"
    assert parent.data.params == {"seed": "7"}
    assert parent.data.metrics == {"f1": 0.25}


def test_sync_adds_restored_stages_once(store, monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    record = {
        "stage": "fuse",
        "dataset": "casme3",
        "fingerprint": "restored1",
        "params": {"a": "1"},
        "metrics": {"f1": 0.75},
        "curves": {"loss": [[0, 1.0], [1, 0.5]]},
    }
    write_json(store / "artifacts" / "fuse" / "casme3" / "run.json", record)
    project = Project(store, store)
    assert sync_runs(project) == (1, 0)
    assert sync_runs(project) == (0, 1)
    client, experiment = connect(store)
    run = client.search_runs([experiment], "tags.fingerprint = 'restored1'")[0]
    assert run.data.tags["restored"] == "true"
    assert run.data.metrics == {"f1": 0.75, "loss": 0.5}


def test_flatten():
    assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}
