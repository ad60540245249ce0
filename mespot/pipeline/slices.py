"""Stage `slices`: score the slices of one length, out-of-fold."""

from __future__ import annotations

import numpy as np

from mespot.data.load import read_videos
from mespot.errors import MespotError
from mespot.files import read_json, write_npz
from mespot.pipeline.stage import fresh, open_stage
from mespot.progress import track
from mespot.slices.score import SliceScorer


def slices(dataset: str, length: float) -> None:
    """Score every video's slices by the classifiers that did not see its subject."""
    with open_stage(
        "slices", f"slices/{dataset}/{length}/run.json", dataset, length=length
    ) as stage:
        params, project = stage.params, stage.project
        if length not in params.slices.lengths:
            raise MespotError(
                f"length: found {length:g}, params.yaml lists slices.lengths "
                f"{', '.join(map(str, params.slices.lengths))}"
            )
        videos = read_videos(project.artifact("index", dataset, "videos.csv"))
        model = read_json(project.artifact("finetune", dataset, "folds.json"))
        folders = [project.artifact("finetune", dataset, name) for name in model["folders"]]
        faces = project.artifact("faces", dataset)
        out = fresh(project.artifact("slices", dataset, f"{length}"))
        stage.run.params({"length": length, **params.slices.model_dump()})
        arrays: dict[str, np.ndarray] = {}
        for fold in sorted(set(model["folds"].values())):
            scorer = SliceScorer(folders, f"fold{fold}", params.slices.batch)
            rows = videos[videos["subject"].map(model["folds"]) == fold]
            label = f"slices of {length:g} s, fold {fold}"
            for row in track(list(rows.itertuples()), label):
                clips = scorer.open(faces / f"{row.video}.npz", faces / f"{row.video}.zip")
                duration = row.frames / row.fps
                start, scores = scorer.score(clips, duration, length, params.slices.step)
                arrays[f"{row.video}/start"] = start
                arrays[f"{row.video}/scores"] = scores
        write_npz(out / "scores.npz", arrays)
        stage.run.metrics(
            {"slices": sum(len(value) for key, value in arrays.items() if key.endswith("/start"))}
        )
