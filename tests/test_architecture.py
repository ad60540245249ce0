from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT, closure, imported

# lower layers first; rooms of one layer do not know each other
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


def module_name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(name: str) -> str:
    return name.split(".")[1]


def test_every_room_has_its_layer_and_says_what_lives_there():
    rooms = {path.name for path in (ROOT / "mespot").iterdir() if any(path.glob("*.py"))}
    assert rooms == set(LEVEL)
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    assert not [room for room in rooms if f"| `{room}` |" not in design]
    for file in (ROOT / "mespot").rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), file


def test_no_module_lies_loose_in_the_package():
    loose = {file.name for file in (ROOT / "mespot").glob("*.py")}
    assert loose <= {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("own", LEVEL)
def test_imports_point_downwards(own):
    for file in (ROOT / "mespot" / own).rglob("*.py"):
        for name in imported(file, type_checking=True) - {"mespot"}:
            below = room_of(name) == own or LEVEL[room_of(name)] < LEVEL[own]
            told = f"{file.relative_to(ROOT)} imports {name}"
            assert below, f"{told}, which lies beside or above it"


def test_no_module_imports_itself_by_way_of_others():
    """Also not for type hints alone, and not inside of functions."""
    known = {module_name(file): imported(file, type_checking=True) for file in PACKAGE}
    waiting = {name: set(others) - {name} for name, others in known.items()}
    while free := {name for name, others in waiting.items() if not others & waiting.keys()}:
        waiting = {name: others for name, others in waiting.items() if name not in free}
    while waiting.keys() - set().union(*waiting.values()):  # they only import those of a circle
        waiting = {
            name: waiting[name] for name in waiting if name in set().union(*waiting.values())
        }
    assert not waiting, f"these import each other: {', '.join(sorted(waiting))}"


def test_models_and_training_import_on_a_bare_gpu_machine():
    absent = "dvc mlflow pydantic av decord simplejpeg dlib typer rich ruamel".split()
    files = [
        *(ROOT / "mespot" / "models").rglob("*.py"),
        *(ROOT / "mespot" / "training").rglob("*.py"),
    ]
    modules = sorted(module_name(file) for file in files)
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
