"""Stage `pretrain`: masked auto-encoder pre-training on all crops."""

from __future__ import annotations

from mespot.errors import MespotError
from mespot.pipeline.stage import fresh, open_stage
from mespot.training.pretrain import pretrain as run_pretraining


def pretrain() -> None:
    """Pre-train the encoder on the crops of all data sets, without any label."""
    with open_stage("pretrain", "pretrain/run.json") as stage:
        params, project = stage.params, stage.project
        archives = []
        for dataset in params.datasets:
            folder = project.artifact("faces", dataset)
            tracks = sorted(folder.glob("*.npz"))
            if not tracks:
                raise MespotError(f"{folder}: no crops, run `mespot preprocess -d {dataset}` first")
            archives += [(path, path.with_suffix(".zip")) for path in tracks]
        out = fresh(project.artifact("pretrain"))
        stage.run.params(params.pretrain.model_dump())
        run_pretraining(
            archives,
            params.pretrain,
            params.seed,
            stage.work,
            out,
            lambda step, values: stage.run.metrics(values, step),
        )
        for name in ("reconstruction.png", "curve.csv"):
            stage.run.artifact(out / name)
