"""MLflow's web interface on this machine, and the address that shows the runs at once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.tracking.store import connect, store_uri

HOST = "127.0.0.1"  # nobody else in the network sees the runs
_PATIENCE = 120.0  # s until the server must answer
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # workers for language models, several processes
}


def runs_address(server: str, experiment: str) -> str:
    """Return the address of the list of runs.

    MLflow opens on a page for language models; the parameter switches to runs of trainings.

    Args:
        server: address of the server, ``http://host:port``.
        experiment: id of the experiment.
    """
    path = f"#/experiments/{experiment}/runs?workflowType=machine_learning"
    return f"{server.rstrip('/')}/{path}"


@contextlib.contextmanager
def serve_runs(home: Path, port: int) -> Iterator[tuple[str, subprocess.Popen | None]]:
    """Serve the project's runs; yield the address of their list, and the server.

    Where ``MLFLOW_TRACKING_URI`` names a server, that one shows the runs, and none is started.
    The server sends nothing anywhere, and ends with the context.

    Args:
        home: the project.
        port: on this machine; 0 = any that is free.

    Raises:
        MespotError: the port is taken, the store cannot be reached, or the server ended.
    """
    uri = store_uri(home)
    try:
        _, experiment = connect(home)
    except Exception as error:
        raise MespotError(f"tracking store {uri} cannot be reached ({error})") from error
    if uri.startswith(("http://", "https://")):
        yield runs_address(uri, experiment), None
        return
    port = _free(port)
    log = home / ".work" / "tracking" / "ui.log"
    words = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    with open(log, "w", encoding="utf-8") as stream:
        server = subprocess.Popen(
            [*words, "--workers", "1", "--backend-store-uri", uri],
            cwd=home,
            env={**os.environ, **_QUIET},
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it ends with all its processes, and not before this one
        )
    try:
        address = f"http://{HOST}:{port}"
        _wait(server, address, log)
        yield runs_address(address, experiment), server
    finally:
        _end(server)


def _free(port: int) -> int:
    """Return the port, or a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise MespotError(
                f"port {port}: cannot be used ({error}), expected a free one: --port {port + 1}, "
                "or --port 0 for any"
            ) from error
        return probe.getsockname()[1]


def _wait(server: subprocess.Popen, address: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5):
            return
        time.sleep(0.1)
    raise MespotError(f"the MLflow server did not start, {log} says why")


def _end(server: subprocess.Popen) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
            return
