from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mespot.datasets.adapter import MODULES, code_of
from tests import imports
from tests.imports import ROOT

PIPELINE = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = PIPELINE["stages"]
UNLABELLED = "_unlabelled"
closure = cache(imports.closure)
ADAPTERS = {file for dataset in (*MODULES, "one's own") for file in code_of(dataset)}

# What cannot change a result: settings hold no values, the rest is around the work.
NEUTRAL = (
    "mespot/__init__.py",
    "mespot/cli/",
    "mespot/core/errors.py",
    "mespot/core/fingerprint.py",
    "mespot/core/parallel.py",
    "mespot/params/",
    "mespot/pipeline/processes.py",
    "mespot/pipeline/stage.py",
    "mespot/core/progress.py",
    "mespot/core/project.py",
    "mespot/core/timing.py",
    "mespot/tracking/",
)


def source(name: str) -> Path:
    """The function of a stage; the entry for unlabelled sets calls the same one."""
    return ROOT / "mespot" / "pipeline" / f"{name.removesuffix(UNLABELLED)}.py"


@cache
def code(name: str) -> frozenset[str]:
    """Files of the package that can change the result of a stage.

    Adapters are imported by name, which the import graph does not show: `adapters` notes all of
    them, and `index` uses all that they import, but their own code.
    """
    files = closure(source(name))
    if name.startswith("index"):
        files = files.union(*map(closure, ADAPTERS)) - ADAPTERS
    if name == "adapters":
        files = files | ADAPTERS
    paths = {file.relative_to(ROOT).as_posix() for file in files if not says_nothing(file)}
    return frozenset(path for path in paths if not path.startswith(NEUTRAL))


def says_nothing(file: Path) -> bool:
    """Tell whether a file is an ``__init__`` that holds a docstring alone."""
    return file.name == "__init__.py" and len(ast.parse(file.read_text("utf-8")).body) == 1


def depends_on(name: str, path: str) -> bool:
    return any(path == dep or path.startswith(dep + "/") for dep in STAGES[name]["deps"])


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_cover_the_import_closure(name):
    missing = {path for path in code(name) if not depends_on(name, path)}
    assert not missing, f"dvc.yaml: {name} uses {sorted(missing)} but does not depend on it"


@pytest.mark.parametrize("name", STAGES)
def test_no_code_dependency_is_superfluous(name):
    for dep in STAGES[name]["deps"]:
        if dep.startswith("mespot/"):
            assert any(path == dep or path.startswith(dep + "/") for path in code(name)), dep


@pytest.mark.parametrize("name", STAGES)
def test_each_stage_depends_on_its_own_file(name):
    assert source(name).relative_to(ROOT).as_posix() in STAGES[name]["deps"]


@pytest.mark.parametrize("name", STAGES)
def test_no_stage_but_adapters_depends_on_an_adapter(name):
    for file in ADAPTERS:
        path = file.relative_to(ROOT).as_posix()
        assert depends_on(name, path) == (name == "adapters"), path
    assert name == "adapters" or not ADAPTERS & closure(source(name))


@pytest.mark.parametrize("name", ["index", "index_unlabelled"])
def test_index_depends_on_the_adapter_of_its_own_set(name):
    assert "artifacts/adapters/${item.dataset}.json" in STAGES[name]["deps"]
    assert not [dep for dep in STAGES[name]["deps"] if dep == "artifacts/adapters"]


@pytest.mark.parametrize("name", [name for name in STAGES if not name.startswith("sheet")])
def test_nothing_depends_on_the_contact_sheet(name):
    assert not depends_on(name, "mespot/faces/contact_sheet.py")
    assert not depends_on(name, "artifacts/sheet/samm_lv/contact_sheet.png")


@pytest.mark.parametrize("name", STAGES)
def test_records_are_outs_of_their_own_that_no_stage_depends_on(name):
    records = [out for out in STAGES[name]["outs"] if str(out).startswith("artifacts/runs/")]
    place = name.removesuffix(UNLABELLED)
    values = "".join(f"/${{item.{key}}}" for key in STAGES[name].get("matrix", ()))
    opened = "open_stage" in source(name).read_text("utf-8").replace("open_together", "open_stage")
    assert records == ([f"artifacts/runs/{place}{values}/run.json"] if opened else [])
    for dep in STAGES[name]["deps"]:
        assert not dep.startswith("artifacts/runs") and not dep.endswith("run.json")
        assert dep != "artifacts"


def test_pretrain_depends_on_listed_sets_alone():
    deps = [dep for dep in STAGES["pretrain"]["deps"] if dep.startswith("artifacts")]
    assert deps == ["artifacts/gather/videos.csv"]


def test_finetune_depends_on_weights_and_description_of_the_encoder():
    deps = [dep for dep in STAGES["finetune"]["deps"] if dep.startswith("artifacts/pretrain")]
    assert deps == ["artifacts/pretrain/encoder.safetensors", "artifacts/pretrain/model.json"]


@pytest.mark.parametrize("name", STAGES)
def test_params_cover_what_the_stage_reads(name):
    text = source(name).read_text(encoding="utf-8")
    listed = STAGES[name].get("params", [])
    for used in set(re.findall(r"(?<![\w.])(?:stage\.)?params\.([a-z_]+(?:\.[a-z_]+)?)", text)):
        section = used.split(".")[0]
        if section in ("jobs", "model_dump", "yaml"):
            continue  # the number of processes and what is only logged change no result
        if section == "unlabelled" and name.startswith("preprocess"):
            continue  # which of the two entries runs; a data set is in one of the lists
        known = [entry for entry in listed if entry.split(".")[0] == section]
        assert known, f"dvc.yaml: {name} reads params.{used}, which is not among its params"


def test_stages_have_script_section_and_function():
    for name in STAGES:
        assert (ROOT / "stages" / source(name).name).is_file()
        assert source(name).is_file()
        assert f"python -m stages.{source(name).stem}" in STAGES[name]["cmd"]


@pytest.mark.parametrize("name", [name for name in STAGES if name.endswith(UNLABELLED)])
def test_unlabelled_sets_have_the_same_stages(name):
    entry, other = STAGES[name], STAGES[name.removesuffix(UNLABELLED)]
    assert entry["matrix"] == {"dataset": "${unlabelled}"}
    assert {**entry, "matrix": 0} == {**other, "matrix": 0}


def test_each_setting_of_section_data_reruns_the_index():
    params = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    listed = {entry for entry in STAGES["index"]["params"]}
    for key in params["data"]:
        assert key == "folds" or f"data.{key}" in listed


def test_outs_of_stages_are_never_persisted():
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert "persist" not in text, "persisted outs survive a change of params"
