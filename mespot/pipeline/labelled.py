"""The events of a data set, for stages that learn from them or are scored on them."""

from __future__ import annotations

import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.project import Project
from mespot.tables.load import read_events


def read_labelled(project: Project, dataset: str) -> pd.DataFrame:
    """Read ``events.csv`` of a data set; see ``mespot.tables.load.read_events``.

    Raises:
        MespotError: there is no event in it.
    """
    path = project.artifact("index", dataset, "events.csv")
    events = read_events(path)
    if events.empty:
        raise MespotError(
            f"{path}: data set {dataset} has no event, expected it under `unlabelled` in "
            "params.yaml instead of `datasets` (it then serves pre-training alone)"
        )
    return events
