"""What networks see of the videos of a data set: crops, or the motion in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mespot.core.project import Project


def model_input_files(
    project: Project, dataset: str, names: Sequence[str], input_kind: str
) -> list[tuple[Path, Path]]:
    """Return (FaceTrack npz, crop zip or motion npy) of videos, for ``open_clips``.

    Args:
        project: paths of the checkout.
        dataset: its name.
        names: of the videos.
        input_kind: ``input`` of the network.
    """
    faces, motion = project.artifact("faces", dataset), project.artifact("motion", dataset)
    return [
        (
            faces / f"{name}.npz",
            motion / f"{name}.npy" if input_kind == "motion" else faces / f"{name}.zip",
        )
        for name in names
    ]
