"""Stage `slices`: score the slices of one length, out-of-fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import read_json, read_npz, write_npz
from mespot.core.parallel import map_videos
from mespot.models.weights import read_description
from mespot.pipeline.model_inputs import model_input_files
from mespot.pipeline.stage import fresh, open_stage
from mespot.slices.gate import Gate
from mespot.slices.score import score_video
from mespot.tables.load import read_videos


def slices(dataset: str, length: float) -> None:
    """Score every video's slices by the classifiers that did not see its subject."""
    with open_stage("slices", dataset, length=length) as stage:
        params, project = stage.params, stage.project
        if length not in params.slices.lengths:
            raise MespotError(
                f"length: found {length:g}, params.yaml lists slices.lengths "
                f"{', '.join(map(str, params.slices.lengths))}"
            )
        videos = read_videos(project.artifact("index", dataset, "videos.csv"))
        model = read_json(project.artifact("finetune", dataset, "folds.json"))
        folders = [project.artifact("finetune", dataset, name) for name in model["folders"]]
        input_kind = read_description(folders[0])["input"]
        seen = model_input_files(project, dataset, videos["video"].tolist(), input_kind)
        out = fresh(project.artifact("slices", dataset, f"{length}"))
        stage.run.params({"length": length, **params.slices.model_dump()})
        tasks = [
            (
                folders,
                f"fold{model['folds'][row.subject]}",
                params.slices.batch,
                *files,
                row.frames / row.fps,
                length,
                params.slices.step,
                _gate(project.artifact("flow", dataset, f"{row.video}.npz"), params.slices.gate),
            )
            for row, files in zip(videos.itertuples(), seen, strict=True)
        ]
        scored = map_videos(score_video, tasks, params.jobs, f"slices of {length:g} s")
        arrays: dict[str, np.ndarray] = {}
        for video, (start, scores) in zip(videos["video"], scored, strict=True):
            arrays[f"{video}/start"], arrays[f"{video}/scores"] = start, scores
        write_npz(out / "scores.npz", arrays)
        stage.run.metrics(
            {"slices": sum(len(value) for key, value in arrays.items() if key.endswith("/start"))}
        )


def _gate(path: Path, least: float) -> Gate | None:
    """The gate of a video; its two arrays are read plainly, so that flow code is no dependency."""
    if not least:
        return None
    arrays = read_npz(path)
    return Gate(arrays["time"], arrays["strength"], least)
