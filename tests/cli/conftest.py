from __future__ import annotations

import sys

import pytest

from mespot.cli.app import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `mespot WORDS` in this process; returns exit code, standard output and error."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["mespot", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
