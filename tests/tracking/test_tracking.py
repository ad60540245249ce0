from __future__ import annotations

import json
import logging
import multiprocessing
import os
import subprocess
import sys
import textwrap

import pytest

from mespot.core.files import write_json
from mespot.core.project import Project
from mespot.tracking import StageRun, connect, flatten, stage_run
from mespot.tracking.comparison import changed_settings, in_words
from mespot.tracking.sync import sync_runs


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


@pytest.mark.slow
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


@pytest.mark.slow
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
    write_json(store / "artifacts" / "runs" / "fuse" / "casme3" / "run.json", record)
    project = Project(store, store)
    assert sync_runs(project) == (1, 0)
    assert sync_runs(project) == (0, 1)
    client, experiment = connect(store)
    run = client.search_runs([experiment], "tags.fingerprint = 'restored1'")[0]
    assert run.data.tags["restored"] == "true"
    assert run.data.metrics == {"f1": 0.75, "loss": 0.5}


def test_flatten():
    assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}


def parent(store, params, metrics, name="dvc repro"):
    """A finished pipeline invocation."""
    client, experiment = connect(store)
    run = client.create_run(experiment, run_name=name, tags={"stage": "pipeline"}).info.run_id
    stage = StageRun("report", "samm_lv", "x")
    stage._client, stage._parent = client, run
    stage.parent(params, metrics)
    return client.get_run(run)


def test_an_invocation_is_named_after_what_changed(tmp_path):
    first = parent(tmp_path, {"a": {"steps": 1}, "jobs": 0}, {"samm_lv/fused_f1": 0.5})
    assert first.info.run_name == "dvc repro"
    assert "first run" in first.data.tags["mlflow.note.content"]
    second = parent(tmp_path, {"a": {"steps": 2}, "jobs": 2}, {"samm_lv/fused_f1": 0.625})
    assert second.info.run_name == "dvc repro: a.steps=2"
    assert second.data.tags["changed"] == "a.steps=2"
    note = second.data.tags["mlflow.note.content"]
    assert "| samm_lv | 0.625 (+0.125) |" in note
    assert "| `a.steps` | 1 | 2 |" in note
    third = parent(tmp_path, {"a": {"steps": 2}, "jobs": 2}, {"samm_lv/fused_f1": 0.625})
    assert third.info.run_name == "dvc repro" and third.data.tags["changed"] == "nothing"


def test_settings_of_a_data_set_are_not_named_beside_their_base():
    before = {"finetune.base.steps": "1", "finetune.samm_lv.steps": "1", "finetune.samm_lv.lr": "1"}
    after = {"finetune.base.steps": "2", "finetune.samm_lv.steps": "2", "finetune.samm_lv.lr": "3"}
    changed = changed_settings(before, after)
    assert len(changed) == 3
    assert in_words(changed) == "finetune.base.steps=2, finetune.samm_lv.lr=3"


def test_a_model_is_logged_and_its_failure_is_a_warning(store, caplog):
    with stage_run("report", "samm_lv", "served", store) as run:
        run.model("system", lambda folder: write_json(folder / "MLmodel", {}))
    client, experiment = connect(store)
    found = client.search_runs([experiment], "tags.fingerprint = 'served'")[0]
    assert [file.path for file in client.list_artifacts(found.info.run_id, "system")] == [
        "system/MLmodel"
    ]

    def fail(folder):
        raise OSError("disk full")

    with caplog.at_level(logging.WARNING, "mespot"), stage_run("report", None, "x", store) as run:
        run.model("system", fail)
        run.metrics({"f1": 1.0})
    assert "disk full" in caplog.text and run.record["metrics"] == {"f1": 1.0}
