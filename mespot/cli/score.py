"""`mespot score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def score(
    predictions: Annotated[Path, typer.Argument(help="CSV with vid,onset,offset,type.")],
    truth: Annotated[Path, typer.Argument(help="CSV with vid,onset,offset,type.")],
    untyped: Annotated[bool, typer.Option(help="Ignore the types when matching.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Score predicted intervals with the MEGC metric.

    Inclusive frames, IoU >= 0.5, one-to-one per video and type, counts pooled over all videos.

    Examples:
        mespot score predictions.csv truth.csv

        mespot score predictions.csv truth.csv --untyped --json
    """
    from mespot.evaluation.score_files import render_scores, score_files

    result = score_files(predictions, truth, untyped)
    if json:
        import json as encoder

        typer.echo(encoder.dumps(result, indent=2, sort_keys=True))
    else:
        typer.echo(render_scores(result))
