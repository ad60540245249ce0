"""One command per pipeline stage."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from mespot.cli.console import one_line_errors, set_up
from mespot.core.errors import MespotError
from mespot.core.project import Project
from mespot.params import load_params

_PANEL = "Single stages (the same functions that `dvc repro` runs)"

Dataset = Annotated[
    str | None, typer.Option("--dataset", "-d", help="One data set; default: all in params.yaml.")
]


def _stage(name: str) -> Callable[..., None]:
    # imported when it runs: most stages pull in torch or OpenCV, which `--help` need not wait for
    return getattr(importlib.import_module(f"mespot.pipeline.{name}"), name)


def _datasets(dataset: str | None) -> tuple[str, ...]:
    return (dataset,) if dataset else load_params(Project.find().params).datasets


def add_stages(app: typer.Typer) -> None:
    """Add the commands to the application."""
    whole = {
        "synth": "Render the embedded data (long face videos with known expressions).",
        "adapters": "Note which adapter reads each data set, so that `index` depends on it alone.",
        "gather": "List the crops or motion of all data sets that pre-training learns from.",
        "pretrain": "Pre-train the encoder as a masked auto-encoder on all crops.",
    }
    for name, text in whole.items():
        app.command(name, help=_help(text, f"mespot {name}"), rich_help_panel=_PANEL)(
            _run_whole(name)
        )
    per_dataset = {
        "index": "List videos and events from the official folders and sheets.",
        "preprocess": "Detect, align and crop faces.",
        "sheet": "Draw a few crops of every video, the least certain first, for a look by eye.",
        "motion": "Measure dense motion in the crops, for networks that see motion.",
        "finetune": "Fine-tune one classifier per granularity and subject-wise fold.",
        "flow": "Measure region displacement and find intervals in it.",
        "grid": "Match granularity, slice length and decoding on held-out subjects.",
        "fuse": "Fuse the model and the flow branch, out-of-fold.",
        "report": "Write metrics, curves, timelines and the HTML report.",
    }
    for name, text in per_dataset.items():
        app.command(
            name, help=_help(text, f"mespot {name} --dataset samm_lv"), rich_help_panel=_PANEL
        )(_run_per_dataset(name))

    @app.command(
        "slices",
        help=_help(
            "Cut videos into slices of one length and score them, out-of-fold.",
            "mespot slices --dataset samm_lv --length 0.5",
        ),
        rich_help_panel=_PANEL,
    )
    def slices(
        dataset: Dataset = None,
        length: Annotated[
            float | None, typer.Option(help="Slice length in seconds; default: all in params.")
        ] = None,
    ) -> None:
        lengths = (length,) if length else load_params(Project.find().params).slices.lengths
        for one in _datasets(dataset):
            for value in lengths:
                _stage("slices")(one, value)


def _help(text: str, example: str) -> str:
    return f"{text}\n\nExample:\n\n    {example}"


def _run_whole(name: str) -> Callable[[], None]:
    def command() -> None:
        _stage(name)()

    return command


def _run_per_dataset(name: str) -> Callable[..., None]:
    def command(dataset: Dataset = None) -> None:
        from mespot.pipeline.stage import datasets_of

        params = load_params(Project.find().params)
        for one in (dataset,) if dataset else datasets_of(name, params):
            _stage(name)(one)

    return command


def stage_main(stage: Callable[..., None], *names: str) -> None:
    """Entry point of the scripts below ``stages/``: positional arguments, one-line errors.

    Args:
        stage: function of ``mespot.pipeline``.
        names: names of its arguments, for the message when their number is off; ``length`` is a
            number.
    """
    set_up()
    with one_line_errors():
        given = sys.argv[1:]
        if len(given) != len(names):
            raise MespotError(
                f"{sys.argv[0]}: found {len(given)} arguments, expected {' '.join(names) or 'none'}"
            )
        values: list[Any] = [
            float(value) if name == "length" else value
            for name, value in zip(names, given, strict=True)
        ]
        stage(*values)
