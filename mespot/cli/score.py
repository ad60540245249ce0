"""`mespot score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _list_protocols(wanted: bool) -> None:
    if wanted:
        from mespot.scoring.text import render_protocols

        typer.echo(render_protocols())
        raise typer.Exit()


def score(
    predictions: Annotated[
        Path, typer.Argument(help="CSV with vid,onset,offset,type and perhaps score.")
    ],
    truth: Annotated[Path, typer.Argument(help="CSV with vid,onset,offset,type.")],
    protocol: Annotated[
        str, typer.Option(help="Whose counting rules to use, see --protocols.")
    ] = "megc",
    matching: Annotated[
        str | None,
        typer.Option(
            help="Another matching than the protocol's: "
            "optimal, greedy_iou, voc, gt_loop, distinct or every_pair."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Ask for an IoU above --min-iou.")
    ] = False,
    untyped: Annotated[
        bool, typer.Option("--untyped", help="Ignore the types when matching.")
    ] = False,
    min_iou: Annotated[float, typer.Option(help="Smallest IoU of a hit.")] = 0.5,
    fps: Annotated[
        list[float] | None,
        typer.Option(help="Frames per second, for protocols that split by length; once per set."),
    ] = None,
    videos: Annotated[
        list[Path] | None,
        typer.Option(
            help="CSV with the full list of videos (vid or video; perhaps subject, fps), "
            "once per set. A row of a video outside it is an error."
        ),
    ] = None,
    more: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--and", help="Predictions and truth of a second data set; counts are added."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="Which branch of a fused intervals.csv to score.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Emotions of protocol strs, separated by commas.")
    ] = None,
    draws: Annotated[int, typer.Option(help="Bootstrap draws over subjects; 0 = none.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 7,
    by_subject: Annotated[
        bool, typer.Option("--by-subject", help="Add a table of the subjects.")
    ] = False,
    curve: Annotated[
        Path | None,
        typer.Option(help="Write precision and recall over the score to this .csv or .png."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    protocols: Annotated[
        bool,
        typer.Option(
            "--protocols", callback=_list_protocols, is_eager=True, help="List the protocols."
        ),
    ] = False,
) -> None:
    """Score predicted intervals with the MEGC metric or by a published protocol.

    Inclusive frames, IoU >= 0.5, one-to-one per video and type, counts pooled over all videos;
    --protocol NAME counts as the code of that publication does. Both files use the same numbering
    of frames.

    Examples:
        mespot score predictions.csv truth.csv

        mespot score predictions.csv truth.csv --untyped --json

        mespot score predictions.csv truth.csv --protocol slswin --videos videos.csv

        mespot score cas.csv cas_truth.csv --and samm.csv samm_truth.csv --fps 30 --fps 200
    """
    from mespot.metric import choose_protocol
    from mespot.scoring.curve import check_format, curve_table, write_curve
    from mespot.scoring.files import ScoreRules, load_sets, score_loaded
    from mespot.scoring.sets import pair_files
    from mespot.scoring.text import render_scores

    if curve is not None:
        check_format(curve)
    names = tuple(name.strip() for name in classes.split(",")) if classes else None
    chosen = choose_protocol(protocol, matching, strict, typed=not untyped)
    rules = ScoreRules(chosen, min_iou, draws, seed, branch, names)
    pairs = [(predictions, truth), *([more] if more else [])]
    data = load_sets(pair_files(pairs, videos or (), fps or ()), rules)
    result = score_loaded(data, rules)
    if curve is not None:
        write_curve(curve_table(data, rules), curve)
    if json:
        import json as encoder

        typer.echo(encoder.dumps(result, indent=2, sort_keys=True))
    else:
        typer.echo(render_scores(result, by_subject))
