"""`mespot check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    dataset: Annotated[
        str | None, typer.Argument(help="Data set to look into; without it, the project.")
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(help="Folder with one folder per data set, instead of data.root."),
    ] = None,
    frames: Annotated[
        bool, typer.Option(help="Open the first and last frame of each video.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Check the project, or one data set, before a long run. Nothing is written.

    Without DATASET: params, data, disk, memory and devices. With it: subjects, videos, frames and
    expressions against the published counts, missing and surplus folders, gaps, unreadable frames,
    repairs, disk and time. Exits with 1 when something stands in the way.

    Examples:

        mespot check

        mespot check samm_lv --root /data/faces

        mespot check casme3 --no-frames --json
    """
    from mespot.core.errors import MespotError
    from mespot.core.project import Project

    project = Project.find()
    if dataset is None:
        if root is not None or not frames:
            raise MespotError("--root and --no-frames need the name of a data set")
        usable = _show_project(project, json)
    else:
        usable = _show_dataset(dataset, project, root, frames, json)
    if not usable:
        raise typer.Exit(1)


def _show_project(project, json: bool) -> bool:
    from mespot.preflight import preflight

    findings = preflight(project)
    usable = all(finding.ok for finding in findings)
    if json:
        from dataclasses import asdict

        _echo_json({"usable": usable, "findings": [asdict(finding) for finding in findings]})
        return usable
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "ok " if finding.ok else "NO "
        typer.echo(f"{mark} {finding.name:<{width}}  {finding.text}")
    return usable


def _show_dataset(dataset: str, project, root: Path | None, frames: bool, json: bool) -> bool:
    from mespot.params import load_params
    from mespot.preflight import check_dataset

    result = check_dataset(dataset, project, load_params(project.params), root, frames)
    if json:
        _echo_json(result.plain())
    else:
        from rich.console import Console

        from mespot.preflight.screen import render

        Console().print(render(result))
    return result.usable


def _echo_json(value: dict) -> None:
    import json as encoder

    typer.echo(encoder.dumps(value, indent=2, sort_keys=True, allow_nan=False))
