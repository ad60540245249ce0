from __future__ import annotations

import subprocess
import sys

import pytest

from tests.imports import ROOT, closure, imported

# lower layers first; a package may import its own layer's listed friends and anything below
LAYERS = [
    ("core",),
    ("params", "metric"),
    ("tracking", "video", "synth"),
    ("tables", "speech"),
    ("datasets", "crops"),
    ("faces", "models", "flow"),
    ("training", "slices"),
    ("classification", "search"),
    ("fusion", "evaluation"),
    ("plots",),
    ("scoring", "report"),
    ("spotting",),
    ("submission", "pipeline"),
    ("preflight",),
    ("cli",),
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
PACKAGE = sorted((ROOT / "mespot").rglob("*.py"))


def part(path_or_name) -> str:
    return path_or_name.split(".")[1] if "." in path_or_name else path_or_name


def room(file) -> str:
    return file.relative_to(ROOT / "mespot").parts[0].removesuffix(".py")


@pytest.mark.parametrize("own", sorted({room(file) for file in PACKAGE} - {"__init__"}))
def test_imports_point_downwards(own):
    siblings = {("flow", "models"), ("slices", "training"), ("data", "synth")}
    for file in (file for file in PACKAGE if room(file) == own):
        for name in imported(file) - {"mespot"}:
            other = name.split(".")[1]
            told = f"{file.relative_to(ROOT)} imports {name}"
            assert LEVEL[other] <= LEVEL[own], f"{told}, which lies above it"
            assert tuple(sorted((own, other))) not in siblings, told


def test_models_and_training_import_on_a_bare_gpu_machine():
    absent = "dvc mlflow pydantic av decord simplejpeg dlib typer rich ruamel".split()
    files = [
        *(ROOT / "mespot" / "models").rglob("*.py"),
        *(ROOT / "mespot" / "training").rglob("*.py"),
    ]
    modules = sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in files
    )
    code = (
        "import sys\n"
        f"for name in {absent!r}: sys.modules[name] = None\n"
        f"import importlib\nfor name in {modules!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-800:]


def test_no_print_no_machine_path_no_unsafe_load_in_the_package():
    forbidden = [
        "allow_pickle=True",
        "weights_only=False",
        "import yaml",
        "import pickle",
        "shell=True",
        "/home/",
    ]
    for file in [*PACKAGE, *(ROOT / "stages").glob("*.py")]:
        text = file.read_text(encoding="utf-8")
        for word in forbidden:
            assert word not in text, (file, word)
        for line in text.splitlines():
            assert not line.lstrip().startswith("print("), (file, line)


def test_stage_scripts_hold_no_logic():
    for file in (ROOT / "stages").glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 20, file
        assert ROOT / "mespot" / "pipeline" / file.name in closure(file)
