"""Stage `pretrain`: masked auto-encoder pre-training on all crops, or on videos as they are."""

from __future__ import annotations

from pathlib import Path

from mespot.core.project import Project
from mespot.params import Params
from mespot.pipeline.gather import gathered
from mespot.pipeline.processes import live_log, open_together
from mespot.pipeline.stage import fresh
from mespot.training.engine.distributed import process_group
from mespot.training.pretrain import pretrain as run_pretraining
from mespot.video.shards import Shards
from mespot.video.video_list import VideoList


def pretrain() -> None:
    """Pre-train the encoder without any label, on the crops of all data sets or on listed videos.

    ``torchrun --nproc_per_node 8 -m stages.pretrain`` spreads every batch over eight processes.
    """
    with (
        process_group() as group,
        open_together(group, "pretrain") as stage,
    ):
        params, project = stage.params, stage.project
        source = group.main_first(lambda: _source(params, project, stage.work))
        out = project.artifact("pretrain")
        if group.main:
            fresh(out)
        stage.run.params(params.pretrain.model_dump())
        run_pretraining(
            source,
            params.pretrain,
            params.seed,
            stage.work,
            out,
            lambda step, values: stage.run.metrics(values, step),
            weights=project.root / params.pretrain.weights if params.pretrain.weights else None,
            live=live_log(stage.run),
            show=lambda step, path: stage.run.artifact(path),
            group=group,
        )
        for name in ("reconstruction.png", "curve.csv"):
            if group.main:
                stage.run.artifact(out / name)


def _source(
    params: Params, project: Project, work: Path
) -> list[tuple[Path, Path]] | VideoList | Shards:
    settings = params.pretrain
    if settings.source == "list":
        return VideoList(project.root / settings.videos)
    if settings.source == "shards":
        return Shards(project.root / settings.videos, work / "shards.npz", settings.shards_together)
    return gathered(project, settings.input)
