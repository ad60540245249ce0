"""Pre-flight checks before a long run."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from mespot.errors import MespotError
from mespot.params import Params, load_params
from mespot.project import Project

_GIB = 2**30
_NEEDED_DISK = 5.0  # GiB: embedded frames, artifacts and the DVC cache of the default run
_NEEDED_MEMORY = 3.0  # GiB


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Attributes:
        name: what was looked at.
        ok: whether the pipeline can run with it.
        text: what was found, and what is expected where it is not.
    """

    name: str
    ok: bool
    text: str


def preflight(project: Project) -> list[Finding]:
    """Check params, data, faces, disk, memory and devices; nothing is changed."""
    findings = []
    try:
        params = load_params(project.params)
        findings.append(Finding("params", True, f"{project.params.name} is complete and in range"))
    except MespotError as error:
        return [Finding("params", False, str(error))]
    findings += [_slices(params), *_data(params, project), _detector()]
    disk = shutil.disk_usage(project.root).free / _GIB
    findings.append(
        Finding("disk", disk >= _NEEDED_DISK, f"{disk:.1f} GiB free, needed {_NEEDED_DISK:g}")
    )
    memory = psutil.virtual_memory().available / _GIB
    findings.append(
        Finding(
            "memory", memory >= _NEEDED_MEMORY, f"{memory:.1f} GiB free, needed {_NEEDED_MEMORY:g}"
        )
    )
    findings.append(_devices())
    return findings


def _slices(params: Params) -> Finding:
    for kind in ("me", "mae"):
        for length in getattr(params.grid, kind).lengths:
            if length not in params.slices.lengths:
                known = ", ".join(map(str, params.slices.lengths))
                return Finding(
                    "lengths",
                    False,
                    f"grid.{kind}.lengths: found {length:g}, slices.lengths has {known}",
                )
    return Finding("lengths", True, "every length of the grid is scored by the slices stage")


def _data(params: Params, project: Project) -> list[Finding]:
    if not params.data.root:
        text = f"embedded data, difficulty {params.synth.difficulty} (data.root is empty)"
        return [Finding("data", True, text)]
    findings = []
    for dataset in params.datasets:
        folder = (project.root / Path(params.data.root).expanduser()) / dataset
        found = folder.is_dir() and any(folder.iterdir())
        text = f"{folder}: " + ("found" if found else "missing or empty, expected the data set")
        findings.append(Finding(f"data {dataset}", found, text))
    return findings


def _detector() -> Finding:
    try:
        from mespot.faces.detector import DlibDetector

        DlibDetector()
    except (ImportError, MespotError) as error:
        return Finding("faces", False, str(error))
    return Finding("faces", True, "detector and 68-point model load")


def _devices() -> Finding:
    import torch

    cores = len(os.sched_getaffinity(0))
    if torch.cuda.is_available():
        return Finding("devices", True, f"{torch.cuda.get_device_name(0)}, {cores} CPU cores")
    return Finding("devices", True, f"no GPU, {cores} CPU cores: small models only")
