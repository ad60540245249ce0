from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.imports import ROOT, closure

PIPELINE = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = PIPELINE["stages"]
UNLABELLED = "_unlabelled"

# What cannot change a result: settings hold no values, the rest is around the work. A change of
# how a stage calls the package (mespot/pipeline) is caught by the code it calls or its params.
NEUTRAL = (
    "mespot/__init__.py",
    "mespot/cli/",
    "mespot/errors.py",
    "mespot/fingerprint.py",
    "mespot/parallel.py",
    "mespot/params/",
    "mespot/pipeline/",
    "mespot/progress.py",
    "mespot/project.py",
    "mespot/tracking/",
)


def source(name: str) -> Path:
    """The function of a stage; the entry for unlabelled sets calls the same one."""
    return ROOT / "mespot" / "pipeline" / f"{name.removesuffix(UNLABELLED)}.py"


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_cover_the_import_closure(name):
    deps = STAGES[name]["deps"]
    missing = set()
    for file in closure(source(name)):
        path = file.relative_to(ROOT).as_posix()
        if path.startswith(NEUTRAL):
            continue
        if not any(path == dep or path.startswith(dep + "/") for dep in deps):
            missing.add(path)
    assert not missing, f"dvc.yaml: {name} imports {sorted(missing)} but does not depend on it"


@pytest.mark.parametrize("name", STAGES)
def test_no_code_dependency_is_superfluous(name):
    used = {file.relative_to(ROOT).as_posix() for file in closure(source(name))}
    for dep in STAGES[name]["deps"]:
        if dep.startswith("mespot/"):
            assert any(path == dep or path.startswith(dep + "/") for path in used), dep


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
