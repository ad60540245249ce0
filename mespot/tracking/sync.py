"""Back-filling MLflow from the records that stages left among their outputs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from mespot.core.errors import MespotError
from mespot.core.files import read_json
from mespot.core.project import Project
from mespot.tracking import connect, git_tags


def sync_runs(project: Project) -> tuple[int, int]:
    """Log every record below ``artifacts/runs`` whose fingerprint no run carries.

    Returns:
        number of runs added, and of records whose run was there already.

    Raises:
        MespotError: the tracking store cannot be reached.
    """
    try:
        client, experiment = connect(project.home)
    except Exception as error:
        raise MespotError(f"tracking store cannot be reached ({error})") from error
    added = known = 0
    for path in sorted(project.artifact("runs").rglob("run.json")):
        record = read_json(path)
        found = client.search_runs(
            [experiment],
            f"tags.fingerprint = '{record['fingerprint']}' AND attributes.status = 'FINISHED'",
            max_results=1,
        )
        if found:
            known += 1
            continue
        _log(client, experiment, record, git_tags(project.home), path)
        added += 1
    return added, known


def _log(
    client: Any, experiment: str, record: dict[str, Any], tags: dict[str, str], path: Path
) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    dataset = record["dataset"]
    tags = {
        **tags,
        "stage": record["stage"],
        "dvc.stage": record["stage"],
        "fingerprint": record["fingerprint"],
        "restored": "true",
        **({"dataset": dataset} if dataset else {}),
    }
    name = record["stage"] + (f" {dataset}" if dataset else "")
    run = client.create_run(experiment, run_name=name, tags=tags).info.run_id
    points = [Metric(key, float(value), now, 0) for key, value in record["metrics"].items()]
    for key, curve in record["curves"].items():
        points += [Metric(key, float(value), now, int(step)) for step, value in curve]
    params = [Param(key, str(value)) for key, value in record["params"].items()]
    for start in range(0, len(params), 90):
        client.log_batch(run, params=params[start : start + 90])
    for start in range(0, len(points), 900):
        client.log_batch(run, metrics=points[start : start + 900])
    client.log_artifact(run, str(path))
    client.set_terminated(run, "FINISHED")
