"""Stage `index`: list the videos and events of a data set."""

from __future__ import annotations

from mespot.datasets.index import build_index
from mespot.pipeline.raw import raw_root
from mespot.pipeline.stage import fresh, open_stage


def index(dataset: str) -> None:
    """List videos and events of a data set from its folders and sheets."""
    with open_stage("index", dataset) as stage:
        out = fresh(stage.project.artifact("index", dataset))
        root = raw_root(stage.params, stage.project)
        videos, events = build_index(dataset, root, out, stage.params.data)
        stage.run.params({"root": "embedded" if not stage.params.data.root else "data.root"})
        stage.run.metrics(
            {
                "subjects": videos["subject"].nunique(),
                "videos": len(videos),
                "frames": videos["frames"].sum(),
                "me": (events["type"] == "me").sum(),
                "mae": (events["type"] == "mae").sum(),
            }
        )
