"""`mespot spot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time goes.")] = False,
) -> None:
    """Find micro- and macro-expressions in face videos.

    Without --model the optical-flow branch answers: no training, no data set needed.

    Writes OUT/intervals.csv (vid,onset,offset,type,score,onset_s,offset_s; frame numbers as the
    input numbers them), OUT/report.html (one file, works without network),
    OUT/VID/frames.csv (per-frame values) and OUT/VID/timeline.png.

    Examples:

        mespot spot interview.mp4 --out results

        mespot spot monday.mp4 tuesday=/videos/0042.mp4 --out results

        mespot spot frames/ --fps 200 --out results --overlay

        mespot spot interview.mp4 --out results --model artifacts/fuse/casme3/system
    """
    from mespot.faces.timing import Timing
    from mespot.params import load_params
    from mespot.selection.system import load_system
    from mespot.spot import read_inputs
    from mespot.spot import spot as run

    chosen = read_inputs(inputs, fps)
    settings = load_params(params)
    system = load_system(model) if model is not None else None
    timing = Timing()
    table = run(chosen, out, settings, system, timing, overlay)
    counts = table["type"].value_counts()
    typer.echo(
        f"{len(chosen)} video{'s' if len(chosen) > 1 else ''}: "
        f"{counts.get('me', 0)} micro-, {counts.get('mae', 0)} macro-expressions, "
        f"{out / 'intervals.csv'}"
    )
    if profile:
        typer.echo(timing.table())
