"""Stage `flow`: region displacement signals and intervals of a data set."""

from __future__ import annotations

from mespot.flow.branch import flow_dataset
from mespot.pipeline.labelled import read_labelled
from mespot.pipeline.stage import fresh, open_stage
from mespot.tables.load import read_videos


def flow(dataset: str) -> None:
    """Measure region displacement and find intervals in it, on all cores."""
    with open_stage("flow", dataset) as stage:
        params = stage.params
        read_labelled(stage.project, dataset)  # to stop before hours of flow, not after
        videos = read_videos(stage.project.artifact("index", dataset, "videos.csv"))
        out = fresh(stage.project.artifact("flow", dataset))
        stage.run.params(params.flow.model_dump())
        table = flow_dataset(
            stage.project.artifact("faces", dataset),
            videos["video"].tolist(),
            out,
            stage.work / "videos",
            params.flow,
            params.jobs,
        )
        strong = table[table["score"] >= 0.5]
        stage.run.metrics(
            {
                "candidates": len(table),
                "me": (strong["type"] == "me").sum(),
                "mae": (strong["type"] == "mae").sum(),
            }
        )
