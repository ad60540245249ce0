"""Pre-flight checks of the whole project before a long run."""

from __future__ import annotations

import os
import shutil

import psutil

from mespot.core.errors import MespotError
from mespot.core.project import Project
from mespot.datasets.adapter import adapter
from mespot.params import Params, load_params
from mespot.preflight.census import take_census
from mespot.preflight.finding import ERROR, NOTE, OK, Finding, several
from mespot.preflight.locate import misplacement, place_of

_GIB = 2**30
_NEEDED_DISK = 5.0  # GiB: embedded frames, artifacts and the DVC cache of the default run
_NEEDED_MEMORY = 3.0  # GiB


def preflight(project: Project) -> list[Finding]:
    """Check params, data, faces, disk, memory and devices; nothing is changed."""
    try:
        params = load_params(project.params)
    except MespotError as error:
        return [Finding("params", ERROR, str(error))]
    findings = [Finding("params", OK, f"{project.params.name} is complete and in range")]
    findings.append(_slices(params))
    if not params.data.root:
        text = f"embedded data, difficulty {params.synth.difficulty} (data.root is empty)"
        findings.append(Finding("data", OK, text))
    for dataset in (*params.datasets, *params.unlabelled):
        findings.append(_dataset(dataset, params, project))
    findings.append(_detector())
    disk = shutil.disk_usage(project.root).free / _GIB
    text = f"{disk:.1f} GiB free, needed {_NEEDED_DISK:g}"
    findings.append(Finding("disk", _level(disk >= _NEEDED_DISK), text))
    memory = psutil.virtual_memory().available / _GIB
    text = f"{memory:.1f} GiB free, needed {_NEEDED_MEMORY:g}"
    findings.append(Finding("memory", _level(memory >= _NEEDED_MEMORY), text))
    findings.append(_devices())
    return findings


def _level(ok: bool) -> str:
    return OK if ok else ERROR


def _slices(params: Params) -> Finding:
    for kind in ("me", "mae"):
        for length in getattr(params.grid, kind).lengths:
            if length not in params.slices.lengths:
                known = ", ".join(map(str, params.slices.lengths))
                text = f"grid.{kind}.lengths: found {length:g}, slices.lengths has {known}"
                return Finding("lengths", ERROR, text)
    return Finding("lengths", OK, "every length of the grid is scored by the slices stage")


def _dataset(dataset: str, params: Params, project: Project) -> Finding:
    """Describe one data set in one line: its counts, or the first thing that stops the index."""
    name = f"data {dataset}"
    if not params.data.root and not project.artifact("synth", "source.json").is_file():
        return Finding(name, NOTE, "embedded, rendered by the first `dvc repro` or `mespot synth`")
    try:
        place = place_of(dataset, project, params, None)
        fault = misplacement(place)
        if fault is not None:
            return Finding(name, ERROR, fault)
        tool = adapter(dataset, place.folder)
    except MespotError as error:
        return Finding(name, ERROR, str(error))
    census = take_census(tool, place.folder, params.data)
    stops = [*census.faults, *([] if params.data.allow_missing else census.empty)]
    if stops:
        return Finding(name, ERROR, f"{stops[0]} (`mespot check {dataset}` shows all)")
    if census.missing and not params.data.allow_missing:
        text = f"events of {len(census.missing)} videos that are not on disk, see"
        return Finding(name, ERROR, f"{text} `mespot check {dataset}`")
    frames = f"{census.frames:,} frames" if census.frames else "frames not counted"
    parts = [several(len(census.subjects), "subject"), several(len(census.videos), "video"), frames]
    if census.annotated:
        kinds = census.events["type"]
        parts += [f"{(kinds == 'me').sum():,} ME", f"{(kinds == 'mae').sum():,} MaE"]
    return Finding(name, OK, ", ".join(parts))


def _detector() -> Finding:
    try:
        from mespot.faces.detector import DlibDetector

        DlibDetector()
    except (ImportError, MespotError) as error:
        return Finding("faces", ERROR, str(error))
    return Finding("faces", OK, "detector and 68-point model load")


def _devices() -> Finding:
    import torch

    cores = len(os.sched_getaffinity(0))
    if torch.cuda.is_available():
        return Finding("devices", OK, f"{torch.cuda.get_device_name(0)}, {cores} CPU cores")
    return Finding("devices", OK, f"no GPU, {cores} CPU cores: small models only")
