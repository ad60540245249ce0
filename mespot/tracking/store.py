"""The MLflow store: one experiment, created under a lock, and what went wrong in one line."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

EXPERIMENT = "mespot"


def store_uri(home: Path) -> str:
    """Return where runs are kept: ``MLFLOW_TRACKING_URI``, else SQLite in the project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}"


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

    uri = store_uri(home)
    folder = home / ".work" / "tracking"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "init.lock"):
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            return client, experiment.experiment_id
        place = (home / "mlruns").as_uri() if uri.startswith("sqlite") else None
        return client, client.create_experiment(EXPERIMENT, artifact_location=place)
