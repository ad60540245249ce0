"""MLflow: one run per stage under one parent per pipeline invocation.

Tracking is a service to the reader, never a condition of the work: when the store is away, one
warning is logged and the stage goes on. What a run logged is also kept as a plain record, written
into the stage's outputs as ``run.json`` (no times, no ids), from which ``mespot runs sync``
back-fills stages that DVC restored from its cache without running them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

log = logging.getLogger(__name__)
EXPERIMENT = "mespot"
_FLUSH = 200


class StageRun:
    """Log of one stage execution.

    Attributes:
        record: what was logged: ``params``, ``metrics``, ``curves`` (metric -> [[step, value]]).
    """

    def __init__(self, stage: str, dataset: str | None, fingerprint: str):
        self.record: dict[str, Any] = {
            "stage": stage,
            "dataset": dataset,
            "fingerprint": fingerprint,
            "params": {},
            "metrics": {},
            "curves": {},
        }
        self._client: Any = None
        self._id: str | None = None
        self._parent: str | None = None
        self._pending: list[tuple[str, float, int]] = []

    def params(self, values: Mapping[str, Any]) -> None:
        """Log settings; nested mappings become dotted names."""
        flat = {key: str(value)[:500] for key, value in flatten(values).items()}
        self.record["params"].update(flat)
        self._try(lambda: self._log_params(self._id, flat))

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Log numbers; with ``step`` they are points of a curve."""
        for name, value in values.items():
            value = float(value)
            if value != value:
                continue
            if step is None:
                self.record["metrics"][name] = value
            else:
                self.record["curves"].setdefault(name, []).append([int(step), value])
            self._pending.append((name, value, int(step or 0)))
        if len(self._pending) >= _FLUSH or step is None:
            self._flush()

    def parent(self, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log to the run of the whole pipeline, where two invocations are compared."""
        flat = {key: str(value)[:500] for key, value in flatten(params).items()}
        if self._parent is not None:
            self._try(lambda: self._log_params(self._parent, flat))
            self._try(
                lambda: [
                    self._client.log_metric(self._parent, key, float(value))
                    for key, value in metrics.items()
                ]
            )

    def artifact(self, path: Path) -> None:
        """Log a file (figure, table) as artifact."""
        self._try(lambda: self._client.log_artifact(self._id, str(path)))

    def _log_params(self, run: str | None, flat: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        items = [Param(key, value) for key, value in flat.items()]
        for start in range(0, len(items), 90):
            self._client.log_batch(run, params=items[start : start + 90])

    def _flush(self) -> None:
        pending, self._pending = self._pending, []

        def send() -> None:
            import time

            from mlflow.entities import Metric

            now = int(time.time() * 1000)
            points = [Metric(name, value, now, step) for name, value, step in pending]
            self._client.log_batch(self._id, metrics=points)

        if pending:
            self._try(send)

    def _try(self, action: Callable[[], Any]) -> Any:
        if self._client is None:
            return None
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - whatever the store does, the work goes on
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            log.warning("tracking is away, going on without it (%s)", first)
            self._client = None
            return None

    def _start(self, home: Path, tags: Mapping[str, str]) -> None:
        try:
            self._client, experiment = connect(home)
        except Exception as error:  # noqa: BLE001
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            log.warning("tracking is away, going on without it (%s)", first)
            return
        name = self.record["stage"] + (
            f" {self.record['dataset']}" if self.record["dataset"] else ""
        )
        self._parent = self._try(lambda: parent_run(self._client, experiment, home, tags))
        if self._parent:
            tags = {**tags, "mlflow.parentRunId": self._parent}
        run = self._try(lambda: self._client.create_run(experiment, run_name=name, tags=tags))
        self._id = run.info.run_id if run is not None else None

    def _end(self, status: str) -> None:
        self._flush()
        self._try(lambda: self._client.set_terminated(self._id, status))
        if self._parent:
            self._try(lambda: self._client.set_terminated(self._parent, status))


@contextlib.contextmanager
def stage_run(stage: str, dataset: str | None, fingerprint: str, home: Path) -> Iterator[StageRun]:
    """Open the MLflow run of a stage; it ends FINISHED, or FAILED on an exception."""
    run = StageRun(stage, dataset, fingerprint)
    if not os.environ.get("MESPOT_NO_TRACKING"):
        tags = {"stage": stage, "dvc.stage": stage, "fingerprint": fingerprint, **git_tags(home)}
        if dataset:
            tags["dataset"] = dataset
        if os.environ.get("DVC_EXP_NAME"):
            tags["dvc.exp_name"] = os.environ["DVC_EXP_NAME"]
        run._start(home, tags)
    try:
        yield run
    except BaseException:
        run._end("FAILED")
        raise
    run._end("FINISHED")


def connect(home: Path) -> tuple[Any, str]:
    """Return an MLflow client and the id of mespot's experiment.

    The store is SQLite at the repository root unless ``MLFLOW_TRACKING_URI`` names another. Its
    first creation runs under a lock: MLflow's migrations break when two processes start them.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    from mlflow import MlflowClient

    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}"
    folder = home / ".work" / "tracking"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "init.lock"):
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            return client, experiment.experiment_id
        place = (home / "mlruns").as_uri() if uri.startswith("sqlite") else None
        return client, client.create_experiment(EXPERIMENT, artifact_location=place)


def parent_run(client: Any, experiment: str, home: Path, tags: Mapping[str, str]) -> str | None:
    """Return the id of the run of this pipeline invocation; its first stage creates it.

    All stages of one ``dvc repro`` (or ``dvc exp run``) share that process as an ancestor: its id
    and start time name a note below ``.work``. Without such an ancestor there is no parent.
    """
    given = os.environ.get("MESPOT_PARENT_RUN")
    if given:
        return given
    invocation = dvc_ancestor()
    if invocation is None:
        return None
    folder = home / ".work" / "tracking"
    note = folder / f"parent-{invocation[0]}"
    with FileLock(folder / "parent.lock"):
        if note.exists():
            return note.read_text(encoding="utf-8").strip()
        kept = {key: tags[key] for key in tags if key.startswith(("git.", "dvc.exp"))}
        run = client.create_run(
            experiment, run_name=invocation[1], tags={**kept, "stage": "pipeline"}
        )
        note.write_text(run.info.run_id, encoding="utf-8")
        return run.info.run_id


def dvc_ancestor() -> tuple[str, str] | None:
    """Return (key, name) of the ``dvc repro`` or ``dvc exp run`` above this process."""
    found = None
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process().parents():
            words = [Path(word).name for word in process.cmdline()[:6]]
            if "dvc" in words and ("repro" in words or "exp" in words or "queue" in words):
                key = f"{process.pid}-{int(process.create_time() * 1000)}"
                found = (key, "dvc " + ("repro" if "repro" in words else "exp run"))
    return found


def git_tags(root: Path) -> dict[str, str]:
    """Commit of the code and whether it was changed since."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        dirty = bool(git("status", "--porcelain", "--untracked-files=no"))
        return {"git.commit": git("rev-parse", "HEAD"), "git.dirty": str(dirty).lower()}
    except (OSError, subprocess.CalledProcessError):
        return {}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat
