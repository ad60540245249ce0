"""`mespot spot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Speech = Literal["expressions", "mark", "drop"]


def spot(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Video files or folders of frames; NAME=INPUT sets the name in the results.",
            metavar="INPUT...",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of results.")],
    fps: Annotated[
        float | None,
        typer.Option(min=1, help="Frames per second; needed for folders, overrides a file's own."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a fused system, e.g. artifacts/fuse/casme3/system."),
    ] = None,
    params: Annotated[
        Path | None, typer.Option(help="Settings; default: those that mespot ships.")
    ] = None,
    overlay: Annotated[
        bool,
        typer.Option("--overlay", help="Also write OUT/VID/overlay.mp4, landmarks drawn in."),
    ] = False,
    speech: Annotated[
        Speech,
        typer.Option(
            help="mark: what talking does to the mouth is no expression, and column speech tells "
            "how much of an interval is spoken. drop: intervals of which more than half is spoken "
            "are left out. expressions: search as if nobody spoke.",
        ),
    ] = "mark",
    neutral: Annotated[
        str | None,
        typer.Option(
            help="Where the face rests, START-END in seconds (0.5-1.2) or frames (12f-40f, as the "
            "input numbers them), of all inputs; otherwise it is estimated.",
            metavar="START-END",
        ),
    ] = None,
    neutral_table: Annotated[
        Path | None,
        typer.Option(
            help="The same for single videos: a table with columns vid,start,end (seconds) or "
            "vid,start_f,end_f (frames). It goes before --neutral.",
        ),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time goes.")] = False,
) -> None:
    """Find micro- and macro-expressions in face videos.

    Without --model the optical-flow branch answers: no training, no data set needed.

    Writes OUT/intervals.csv (vid,onset,offset,type,score,onset_s,offset_s,speech; frame numbers as
    the input numbers them, speech = share of the interval that is spoken), OUT/report.html (one
    file, works without network), OUT/VID/frames.csv (per-frame values) and OUT/VID/timeline.png.

    Examples:

        mespot spot interview.mp4 --out results

        mespot spot monday.mp4 tuesday=/videos/0042.mp4 --out results

        mespot spot frames/ --fps 200 --out results --overlay

        mespot spot interview.mp4 --out results --neutral 0.5-1.2

        mespot spot monday.mp4 tuesday.mp4 --out results --neutral-table rest.csv --speech drop

        mespot spot interview.mp4 --out results --model artifacts/fuse/casme3/system
    """
    from mespot.core.timing import Timing
    from mespot.params import load_params
    from mespot.spotting.inputs import read_inputs, with_neutral
    from mespot.spotting.neutral import parse_neutral, read_neutral
    from mespot.spotting.run import spot as run

    span = None if neutral is None else parse_neutral(neutral)
    rest = {} if neutral_table is None else read_neutral(neutral_table)
    chosen = with_neutral(read_inputs(inputs, fps), span, rest)
    settings = load_params(params)
    system = None
    if model is not None:
        from mespot.fusion.system import load_system

        system = load_system(model)
    timing = Timing()
    table = run(chosen, out, settings, system, timing, overlay, speech)
    counts = table["type"].value_counts()
    typer.echo(
        f"{len(chosen)} video{'s' if len(chosen) > 1 else ''}: "
        f"{counts.get('me', 0)} micro-, {counts.get('mae', 0)} macro-expressions, "
        f"{out / 'intervals.csv'}"
    )
    if profile:
        typer.echo(timing.table())
