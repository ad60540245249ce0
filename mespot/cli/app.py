"""The Typer application."""

from __future__ import annotations

from typing import Annotated

import typer

import mespot
from mespot.cli.check import check
from mespot.cli.classify import app as classify_app
from mespot.cli.console import INTERRUPTED, one_line_errors, set_up
from mespot.cli.import_weights import import_weights
from mespot.cli.pack import pack
from mespot.cli.results import results
from mespot.cli.runs import app as runs_app
from mespot.cli.score import score
from mespot.cli.spot import spot
from mespot.cli.stages import add_stages
from mespot.cli.submit import submit
from mespot.cli.ui import ui

app = typer.Typer(
    name="mespot",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    help="""Spot micro- and macro-expressions in long face videos.

Examples:

    mespot spot interview.mp4 --out results

    mespot score predictions.csv truth.csv

    mespot submit megc2023 --root /data --out entry

    mespot check

    mespot flow --dataset samm_lv
""",
)
_state = {"debug": False}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(mespot.__version__)
        raise typer.Exit()


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and more log.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command."""
    _state["debug"] = debug
    set_up(debug)


app.command()(spot)
app.command()(submit)
app.command()(score)
app.command()(check)
app.command()(results)
app.command()(ui)
app.command()(import_weights)
app.command()(pack)
app.add_typer(classify_app, name="classify")
app.add_typer(runs_app, name="runs")
add_stages(app)


def main() -> None:
    """Run the command line."""
    import sys

    _state["debug"] = "--debug" in sys.argv
    with one_line_errors(_state["debug"]):
        try:
            app()
        except SystemExit as stop:
            if stop.code == INTERRUPTED:  # Typer turns Ctrl-C into this code, without a word
                raise KeyboardInterrupt from None
            raise
