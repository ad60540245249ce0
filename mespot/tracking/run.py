"""The MLflow run of one stage."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mespot.tracking.comparison import compare
from mespot.tracking.invocation import git_tags, parent_run
from mespot.tracking.names import flatten
from mespot.tracking.store import connect

log = logging.getLogger("mespot.tracking")
_FLUSH = 200
_LONGEST = 500  # characters of a setting that the store takes


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
        flat = {key: str(value)[:_LONGEST] for key, value in flatten(values).items()}
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
        """Log to the run of the whole pipeline, where two invocations are compared.

        The parent is then named after the settings that differ from the invocation before, and
        described by its figures beside that one's.
        """
        if self._parent is None:
            return
        flat = {key: str(value)[:_LONGEST] for key, value in flatten(params).items()}
        self._try(lambda: self._log_params(self._parent, flat))
        for key, value in metrics.items():
            self._try(lambda key=key, value=value: self._client.log_metric(
                self._parent, key, float(value)
            ))  # fmt: skip
        self._try(lambda: compare(self._client, self._parent))

    def parent_artifact(self, path: Path, folder: str) -> None:
        """Log a file as artifact of the run of the whole pipeline, below ``folder``."""
        if self._parent is not None:
            self._try(lambda: self._client.log_artifact(self._parent, str(path), folder))

    def artifact(self, path: Path) -> None:
        """Log a file (figure, table) as artifact."""
        self._try(lambda: self._client.log_artifact(self._id, str(path)))

    def model(self, name: str, save: Callable[[Path], None]) -> None:
        """Log an MLflow model as artifact.

        Args:
            name: last part of its address ``runs:/<run>/<name>``.
            save: writes the model into a folder that does not exist yet; not called where nothing
                is tracked.
        """

        def send() -> None:
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place) / name
                save(folder)
                self._client.log_artifacts(self._id, str(folder), name)

        self._try(send)

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
            self._give_up(error)
            return None

    def _give_up(self, error: Exception) -> None:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        log.warning("tracking is away, going on without it (%s)", first)
        self._client = None

    def _start(self, home: Path, tags: Mapping[str, str]) -> None:
        try:
            self._client, experiment = connect(home)
        except Exception as error:  # noqa: BLE001
            self._give_up(error)
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
