from __future__ import annotations

import re

import pytest
from ruamel.yaml import YAML

from tests.imports import ROOT, closure

PIPELINE = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = PIPELINE["stages"]

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
    "mespot/tracking.py",
)


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_cover_the_import_closure(name):
    deps = STAGES[name]["deps"]
    missing = set()
    for file in closure(ROOT / "mespot" / "pipeline" / f"{name}.py"):
        path = file.relative_to(ROOT).as_posix()
        if path.startswith(NEUTRAL):
            continue
        if not any(path == dep or path.startswith(dep + "/") for dep in deps):
            missing.add(path)
    assert not missing, f"dvc.yaml: {name} imports {sorted(missing)} but does not depend on it"


@pytest.mark.parametrize("name", STAGES)
def test_no_code_dependency_is_superfluous(name):
    used = {
        file.relative_to(ROOT).as_posix()
        for file in closure(ROOT / "mespot" / "pipeline" / f"{name}.py")
    }
    for dep in STAGES[name]["deps"]:
        if dep.startswith("mespot/"):
            assert any(path == dep or path.startswith(dep + "/") for path in used), dep


@pytest.mark.parametrize("name", STAGES)
def test_params_cover_what_the_stage_reads(name):
    source = (ROOT / "mespot" / "pipeline" / f"{name}.py").read_text(encoding="utf-8")
    listed = STAGES[name].get("params", [])
    for used in set(re.findall(r"(?<![\w.])(?:stage\.)?params\.([a-z_]+(?:\.[a-z_]+)?)", source)):
        section = used.split(".")[0]
        if section in ("jobs", "model_dump", "yaml"):
            continue  # the number of processes and what is only logged change no result
        known = [entry for entry in listed if entry.split(".")[0] == section]
        assert known, f"dvc.yaml: {name} reads params.{used}, which is not among its params"


def test_stages_have_script_section_and_function():
    for name in STAGES:
        assert (ROOT / "stages" / f"{name}.py").is_file()
        assert (ROOT / "mespot" / "pipeline" / f"{name}.py").is_file()
        assert f"python -m stages.{name}" in STAGES[name]["cmd"]


def test_outs_of_stages_are_never_persisted():
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert "persist" not in text, "persisted outs survive a change of params"
