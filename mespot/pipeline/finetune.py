"""Stage `finetune`: classifiers of a data set, per granularity and subject-wise fold."""

from __future__ import annotations

from mespot.core.files import write_json
from mespot.models.weights import read_description
from mespot.pipeline.labelled import read_labelled
from mespot.pipeline.model_inputs import model_input_files
from mespot.pipeline.processes import live_log, open_together
from mespot.pipeline.stage import fresh
from mespot.tables.folds import subject_folds
from mespot.tables.load import read_videos
from mespot.training.engine.distributed import process_group
from mespot.training.finetune import finetune as run_finetuning
from mespot.training.finetune import granularity_folder


def finetune(dataset: str) -> None:
    """Fine-tune the classifiers of a data set; folds are over subjects and live in the stage.

    Under ``torchrun`` its processes train each classifier together, one after the other.
    """
    with (
        process_group() as group,
        open_together(group, "finetune", dataset) as stage,
    ):
        params, project = stage.params, stage.project
        own = params.finetune.get(dataset, params.finetune["base"])
        videos = read_videos(project.artifact("index", dataset, "videos.csv"))
        events = read_labelled(project, dataset)
        folds = subject_folds(videos["subject"].tolist(), params.data.folds, params.seed)
        encoder = project.artifact("pretrain")
        input_kind = read_description(encoder)["input"]
        out = project.artifact("finetune", dataset)
        if group.main:
            fresh(out)
        stage.run.params(own.model_dump())
        run_finetuning(
            videos,
            events,
            model_input_files(project, dataset, videos["video"].tolist(), input_kind),
            encoder,
            own,
            folds,
            params.seed,
            stage.work,
            out,
            lambda step, values: stage.run.metrics(values, step),
            jobs=params.jobs,
            live=live_log(stage.run),
            group=group,
        )
        if not group.main:
            return
        write_json(
            out / "folds.json",
            {
                "granularities": list(own.granularities),
                "folders": [granularity_folder(value) for value in own.granularities],
                "folds": folds,
            },
        )
        stage.run.artifact(out / "curve.csv")
