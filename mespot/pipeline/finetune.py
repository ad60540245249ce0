"""Stage `finetune`: classifiers of a data set, per granularity and subject-wise fold."""

from __future__ import annotations

from mespot.data.folds import subject_folds
from mespot.data.load import read_events, read_videos
from mespot.files import write_json
from mespot.pipeline.stage import fresh, open_stage
from mespot.training.finetune import finetune as run_finetuning
from mespot.training.finetune import granularity_folder


def finetune(dataset: str) -> None:
    """Fine-tune the classifiers of a data set; folds are over subjects and live in the stage."""
    with open_stage("finetune", f"finetune/{dataset}/run.json", dataset) as stage:
        params, project = stage.params, stage.project
        own = params.finetune.get(dataset, params.finetune["base"])
        videos = read_videos(project.artifact("index", dataset, "videos.csv"))
        events = read_events(project.artifact("index", dataset, "events.csv"))
        folds = subject_folds(videos["subject"].tolist(), params.data.folds, params.seed)
        out = fresh(project.artifact("finetune", dataset))
        stage.run.params(own.model_dump())
        run_finetuning(
            videos,
            events,
            project.artifact("faces", dataset),
            project.artifact("pretrain"),
            own,
            folds,
            params.seed,
            stage.work,
            out,
            lambda step, values: stage.run.metrics(values, step),
            jobs=params.jobs,
        )
        write_json(
            out / "folds.json",
            {
                "granularities": list(own.granularities),
                "folders": [granularity_folder(value) for value in own.granularities],
                "folds": folds,
            },
        )
        stage.run.artifact(out / "curve.csv")
