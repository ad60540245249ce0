"""`mespot classify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="""Classify clips by lists of `<path> <label>` lines (DFEW, FERV39k, MAFW, one's own).

A clip is a folder of frames, a video file or a picture; labels are whole numbers from 0; class
names may stand in labels.txt beside the lists. Settings are the section classify of params.yaml.
""",
)

Root = Annotated[Path, typer.Option(help="Folder that the paths in the lists are relative to.")]
Recipe = Annotated[str, typer.Option(help="Key below classify in the params: base, dfew, ...")]
ParamsFile = Annotated[
    Path | None, typer.Option("--params", help="Settings; default: the project's params.yaml.")
]


@app.command()
def train(
    train: Annotated[Path, typer.Option(help="List of training clips.")],
    root: Root,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of results.")],
    val: Annotated[
        Path | None, typer.Option(help="List that chooses the best step; needed by keep: best.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="List that is scored at the end.")] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(help="Folder of pre-trained weights; without one they are fresh."),
    ] = None,
    recipe: Recipe = "base",
    params: ParamsFile = None,
) -> None:
    """Train a clip classifier, keep the step with the best validation UAR, test it.

    The test averages the probabilities of two windows of each video. OUT gets the classifier,
    curve.csv, validation.csv, metrics.json (UAR, WAR, F1, recalls) and, per scored list,
    predictions.csv and the confusion matrix as CSV and PNG. Run the same command again after an
    interruption: it goes on from the last checkpoint, with the same result.

    Several GPUs: torchrun --standalone --nproc_per_node 2 --no-python mespot classify train ...

    Examples:

        mespot classify train --train train.txt --val val.txt --test test.txt --root clips --out run

        mespot classify train --train set_1/train.csv --test set_1/test.csv --val set_1/val.csv
        --root DFEW --encoder weights/mae_dfer --recipe dfew --out runs/fold1
    """
    from mespot.pipeline.classify import train_on_lists

    _show(train_on_lists(train, val, test, root, out, encoder, recipe, params), out)


@app.command()
def test(
    clips: Annotated[Path, typer.Argument(help="List of clips.", metavar="LIST")],
    model: Annotated[Path, typer.Option(help="Folder that `mespot classify train` wrote.")],
    root: Root,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of results.")],
    recipe: Recipe = "base",
    params: ParamsFile = None,
) -> None:
    """Score a list with a trained classifier.

    Example:

        mespot classify test other.txt --model run --root clips --out other
    """
    from mespot.pipeline.classify import score_clips

    _show(score_clips(clips, root, model, out, recipe, params), out)


def _show(record: dict[str, Any], out: Path) -> None:
    if not record:  # process 0 speaks for all
        return
    for use in ("validation", "test"):
        if use in record:
            found = record[use]
            typer.echo(
                f"{use}: UAR {found['uar']:.4f}, WAR {found['war']:.4f}, {found['clips']} clips"
            )
    if record.get("test_clips_chose_the_step"):
        typer.echo("test clips chose the step: these figures are optimistic (oracle)")
    typer.echo(f"written: {out}")
