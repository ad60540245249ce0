"""`mespot runs`."""

from __future__ import annotations

import typer

app = typer.Typer(help="MLflow runs of the pipeline.", no_args_is_help=True)


@app.callback()
def runs() -> None:
    """MLflow runs of the pipeline."""


@app.command()
def sync() -> None:
    """Back-fill MLflow with stages that DVC restored from its cache.

    A restored stage does not run, so it logs nothing; its record among its outputs is logged
    here, tagged `restored=true`. Runs that are there already are left alone.

    Examples:
        mespot runs sync
    """
    from mespot.core.project import Project
    from mespot.tracking.sync import sync_runs

    added, known = sync_runs(Project.find())
    typer.echo(f"{added} runs added, {known} already there")
