from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest

from mespot.tracking.store import connect
from mespot.tracking.ui import runs_address

MESPOT = "import sys; sys.argv[0] = 'mespot'; from mespot.cli import main; main()"


@pytest.fixture
def project(root, tmp_path, monkeypatch):
    shutil.copyfile(root / "dvc.yaml", tmp_path / "dvc.yaml")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "docs" / "images")  # any folder of the project will do
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def ask(address: str, data: dict | None = None) -> str:
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


@pytest.mark.slow
def test_the_printed_address_is_the_list_of_runs_of_this_project(project, root):
    client, experiment = connect(project)
    run = client.create_run(experiment, run_name="dvc repro").info.run_id
    environment = {**os.environ, "PYTHONPATH": str(root), "MLFLOW_DISABLE_TELEMETRY": "false"}
    command = subprocess.Popen(
        [sys.executable, "-c", MESPOT, "ui", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = command.stdout.readline().strip()
        server = address.partition("/#/")[0]
        assert address == runs_address(server, experiment)
        assert server.startswith("http://127.0.0.1:")
        assert "<title>MLflow</title>" in ask(server)
        found = ask(f"{server}/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment]})
        assert [one["info"]["run_id"] for one in json.loads(found)["runs"]] == [run]
        for process in psutil.Process(command.pid).children(recursive=True):
            assert process.environ()["MLFLOW_DISABLE_TELEMETRY"] == "true"
    finally:
        command.send_signal(signal.SIGTERM)
        assert command.wait(60) == 0
    with pytest.raises(OSError):
        ask(server)


def test_a_taken_port_is_one_line(project, run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, _, err = run("ui", "--port", port)
    assert code == 1
    assert f"port {port}: cannot be used" in err and f"--port {port + 1}" in err


def test_a_tracking_server_of_others_is_named_and_none_is_started(project, run, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://runs.example:80/")
    monkeypatch.setattr("mespot.tracking.ui.connect", lambda home: (None, "3"))
    code, out, _ = run("ui")
    assert code == 0
    assert out == "http://runs.example:80/#/experiments/3/runs?workflowType=machine_learning\n"
