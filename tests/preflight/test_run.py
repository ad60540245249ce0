"""`mespot check` without a data set, and the command line."""

from __future__ import annotations

import json
import sys

import pytest

from mespot.cli.app import main
from mespot.preflight import preflight
from tests.datasets import official


@pytest.fixture
def run(project, monkeypatch, capsys):
    """Run ``mespot WORDS`` inside the project; returns exit code, output and errors."""

    def call(*words):
        monkeypatch.chdir(project.root)
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr(sys, "argv", ["mespot", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_one_line_per_data_set(project, raw):
    official.samm_lv(raw, [["006_1_1", 2, 4, 9, "Macro"]], {"006_1": 20})
    findings = {finding.name: finding for finding in preflight(project)}
    assert findings["data samm_lv"].ok
    assert "1 subject, 1 video, 20 frames" in findings["data samm_lv"].text
    assert not findings["data casme3"].ok and "casme3: not found" in findings["data casme3"].text
    assert findings["params"].ok and findings["lengths"].ok


def test_one_line_of_a_set_that_stops_the_index(project, raw):
    rows = [["006_1_1", 2, 4, 9, "Macro"], ["009_1_1", 2, 4, 9, "Macro"]]
    official.samm_lv(raw, rows, {"006_1": 20})
    official.casme3(raw, [["spNO.1", "a", "x", 2, 3]], [], {"spNO.1/a": [1, 2, 3]})
    findings = {finding.name: finding for finding in preflight(project)}
    assert (
        not findings["data samm_lv"].ok and "mespot check samm_lv" in findings["data samm_lv"].text
    )
    assert not findings["data casme3"].ok and "found 'x'" in findings["data casme3"].text


def test_screen_exit_code_and_json(run, raw):
    official.samm_lv(raw, [["006_1_1", 2, 4, 9, "Macro"]], {"006_1": 20})
    code, out, err = run("check", "samm_lv")
    assert code == 0 and err == ""
    assert "483,797" in out and "samm_lv is usable, with 1 warning" in out
    assert len(out.splitlines()) < 40
    code, out, _ = run("check", "samm_lv", "--json", "--no-frames")
    value = json.loads(out)
    assert code == 0 and value["usable"] and value["broken_frames"] is None
    code, out, _ = run("check", "casme3")
    assert code == 1 and "casme3 is not usable as it is: see folder" in out
    code, out, err = run("check", "smic")
    assert code == 1 and "'smic'" in err and len(err.strip().splitlines()) == 1
    code, _, err = run("check", "--root", raw)
    assert code == 1 and "need the name of a data set" in err


def test_the_project_as_json(run):
    code, out, _ = run("check", "--json")
    value = json.loads(out)
    assert code == 1 and not value["usable"]
    assert {"params", "data samm_lv", "disk"} <= {item["name"] for item in value["findings"]}
