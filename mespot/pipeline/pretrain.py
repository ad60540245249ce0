"""Stage `pretrain`: masked auto-encoder pre-training on all crops."""

from __future__ import annotations

from mespot.errors import MespotError
from mespot.pipeline.processes import live_log, open_together
from mespot.pipeline.seen import seen_files
from mespot.pipeline.stage import fresh
from mespot.training.distributed import process_group
from mespot.training.pretrain import pretrain as run_pretraining


def pretrain() -> None:
    """Pre-train the encoder on the crops of all data sets, without any label.

    ``torchrun --nproc_per_node 8 -m stages.pretrain`` spreads every batch over eight processes.
    """
    with (
        process_group() as group,
        open_together(group, "pretrain", "pretrain/run.json") as stage,
    ):
        params, project = stage.params, stage.project
        archives = []
        for dataset in (*params.datasets, *params.unlabelled):
            folder = project.artifact("faces", dataset)
            names = [path.stem for path in sorted(folder.glob("*.npz"))]
            if not names:
                raise MespotError(f"{folder}: no crops, run `mespot preprocess -d {dataset}` first")
            archives += seen_files(project, dataset, names, params.pretrain.input)
        out = project.artifact("pretrain")
        if group.main:
            fresh(out)
        stage.run.params(params.pretrain.model_dump())
        run_pretraining(
            archives,
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
