"""Command line of mespot."""

from mespot.cli.app import main
from mespot.cli.stages import stage_main

__all__ = ["main", "stage_main"]
