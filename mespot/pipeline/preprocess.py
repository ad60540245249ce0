"""Stage `preprocess`: aligned face crops of a data set."""

from __future__ import annotations

from mespot.faces.preprocess import preprocess_dataset
from mespot.pipeline.raw import raw_root
from mespot.pipeline.stage import fresh, open_stage
from mespot.tables.load import read_videos


def preprocess(dataset: str) -> None:
    """Detect, align and crop the faces of a data set, on all cores.

    Videos of unlabelled sets without a usable face are left out: among thousands of clips some
    always are unreadable, and nothing is scored on them.
    """
    with open_stage("preprocess", dataset) as stage:
        params = stage.params
        videos = read_videos(stage.project.artifact("index", dataset, "videos.csv"))
        out = fresh(stage.project.artifact("faces", dataset))
        stage.run.params(params.preprocess.model_dump())
        root = raw_root(params, stage.project)
        table = preprocess_dataset(
            videos,
            root,
            out,
            stage.work / "videos",
            params.preprocess,
            params.jobs,
            leave_out=dataset in params.unlabelled,
        )
        numbers = table.select_dtypes("number").mean()
        stage.run.metrics({f"mean_{name}": value for name, value in numbers.items()})
