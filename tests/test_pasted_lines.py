"""Lines that a reader pastes send nothing anywhere."""

from __future__ import annotations

import re

from tests.imports import ROOT

QUIET = "MLFLOW_DISABLE_TELEMETRY=true"
MLFLOW = re.compile(r"(?:^|[\s/;&|])mlflow(?=\s)")


def code_blocks(text: str) -> list[list[str]]:
    """Indented and fenced blocks of a Markdown file."""
    blocks: list[list[str]] = [[]]
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            blocks.append([])
        elif fenced or line.startswith("    "):
            blocks[-1].append(line)
        elif line.strip():
            blocks.append([])
    return [block for block in blocks if block]


def loud_lines(text: str) -> list[str]:
    """Lines that start MLflow's own command without telling it to be quiet."""
    found = []
    for block in code_blocks(text):
        for at, line in enumerate(block):
            told = QUIET in line or any(
                one.strip().startswith("export ") and QUIET in one for one in block[:at]
            )
            if MLFLOW.search(line.partition("#")[0]) and not told:
                found.append(line)
    return found


def test_every_pasted_line_has_mlflow_telemetry_off():
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for file in files:
        assert not loud_lines(file.read_text(encoding="utf-8")), file


def test_a_loud_line_would_be_found():
    assert loud_lines("Text\n\n    .venv/bin/mlflow ui\n")
    assert loud_lines("```\nmlflow models serve\n```\n")
    assert not loud_lines(f"    export {QUIET}\n    mlflow ui\n")
    assert not loud_lines("    mespot ui      # mlflow ui behind it\n\nmlflow is a tool\n")


def test_make_and_dvc_are_quiet():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DVC_NO_ANALYTICS", "DO_NOT_TRACK"):
        assert f"export {name} := true" in makefile
    assert "analytics = false" in (ROOT / ".dvc" / "config").read_text(encoding="utf-8")
