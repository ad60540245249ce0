"""Stage `motion`: dense motion of the faces of a data set, for networks that see motion."""

from __future__ import annotations

from mespot.core.errors import MespotError
from mespot.flow.motion import motion_dataset
from mespot.pipeline.stage import fresh, open_stage


def motion(dataset: str) -> None:
    """Measure the motion in all crops of a data set, on all cores.

    Networks that see pictures need none: for them the stage leaves an empty folder.
    """
    with open_stage("motion", dataset) as stage:
        faces = stage.project.artifact("faces", dataset)
        out = fresh(stage.project.artifact("motion", dataset))
        if stage.params.pretrain.input != "motion":
            return
        videos = motion_dataset(faces, out, stage.work / "videos", stage.params.jobs)
        if not videos:
            raise MespotError(f"{faces}: no crops, run `mespot preprocess -d {dataset}` first")
        stage.run.metrics({"videos": videos})
