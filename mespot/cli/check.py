"""`mespot check`."""

from __future__ import annotations

import typer


def check() -> None:
    """Check params, data, disk, memory and devices before a long run.

    Exits with 1 when something stands in the way.

    Examples:

        mespot check
    """
    from mespot.preflight import preflight
    from mespot.project import Project

    findings = preflight(Project.find())
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "ok " if finding.ok else "NO "
        typer.echo(f"{mark} {finding.name:<{width}}  {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
