"""Where a data set lies, and what is said when it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mespot.core.errors import MespotError
from mespot.params import load_params
from mespot.preflight import check_dataset
from tests.datasets import official

from .conftest import texts

ROWS = [["006_1_1", 2, 4, 9, "Macro"]]


def fault(result) -> str:
    assert not result.usable and result.counts == []
    text = texts(result, "folder", "error")
    assert text and "\n" not in text
    return text


def test_official_folders_directly_below_the_root(check, raw):
    official.samm_lv(raw, ROWS, {"006_1": 20})
    for path in (raw / "samm_lv").iterdir():
        path.rename(raw / path.name)
    (raw / "samm_lv").rmdir()
    text = fault(check("samm_lv"))
    assert "SAMM_LongVideos_V3_Release.xlsx, SAMM_longvideos directly below the root" in text
    assert f"expected them in {raw / 'samm_lv'}" in text


def test_another_spelling_of_the_name(check, raw):
    official.samm_lv(raw, ROWS, {"006_1": 20})
    (raw / "samm_lv").rename(raw / "SAMM-LV")
    assert "found SAMM-LV, expected the name samm_lv; rename it" in fault(check("samm_lv"))


def test_the_set_itself_as_root(check, raw):
    official.samm_lv(raw, ROWS, {"006_1": 20})
    text = fault(check("samm_lv", root=raw / "samm_lv"))
    assert "the folder of the data set itself" in text and str(raw) in text


def test_a_root_that_is_not_there_or_holds_something_else(check, raw, tmp_path):
    assert "found nothing, expected a folder" in fault(check("samm_lv", root=tmp_path / "none"))
    assert "holds nothing" in fault(check("samm_lv"))
    (raw / "holiday").mkdir()
    assert "holds holiday" in fault(check("samm_lv"))
    (raw / "samm_lv").write_text("a file")
    assert "found a file, expected a folder" in fault(check("samm_lv"))


def test_a_folder_without_videos(check, raw):
    (raw / "samm_lv").mkdir()
    result = check("samm_lv")
    assert not result.usable and "found no video" in texts(result, "fault", "error")


def test_relative_roots(check, raw, tmp_path, monkeypatch):
    official.samm_lv(raw, ROWS, {"006_1": 20})
    # data.root is relative to the project, --root to the current folder
    monkeypatch.chdir(tmp_path)
    assert check("samm_lv").usable
    monkeypatch.chdir(raw.parent)
    assert check("samm_lv", root=Path("raw")).usable


def test_an_unknown_name_is_an_error_of_the_call(check):
    with pytest.raises(MespotError, match="unknown"):
        check("smic")
    with pytest.raises(MespotError, match="'SAMM_LV': expected the name samm_lv"):
        check("SAMM_LV")


def test_the_embedded_data(project, raw):
    params = load_params(project.params)
    params = params.model_copy(update={"data": params.data.model_copy(update={"root": ""})})
    result = check_dataset("samm_lv", project, params)
    assert not result.usable and "mespot synth" in texts(result, "folder", "error")
    source = project.artifact("synth", "source.json")
    source.parent.mkdir(parents=True)
    source.write_text(json.dumps({"folder": "abc"}))
    official.samm_lv(project.embedded / "abc", ROWS, {"006_1": 20})
    result = check_dataset("samm_lv", project, params)
    assert result.usable and "embedded data" in texts(result, "folder", "note")
    # smaller than what it imitates: no warning
    assert result.verdict == "samm_lv is usable"
