"""What the real DVC runs again, in a small project with the shipped dependencies.

Stages `adapters` and `gather` are the real ones; the others only note that they ran.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow  # runs the real DVC

YAML_SAFE = YAML(typ="safe", pure=True)
NOTE = """import sys, pathlib
name, *outs = sys.argv[1:]
with open("ran.txt", "a") as stream:
    stream.write(name + "\\n")
for out in outs:
    path = pathlib.Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("made")
"""
REAL = ("adapters", "gather")


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    for name in ("mespot", "stages"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / name, folder / name, ignore=ignored)
    params = (root / "params.yaml").read_text(encoding="utf-8")
    listed = params.replace("  - casme3\n", "  - casme3\n  - casme2\n", 1)
    (folder / "params.yaml").write_text(listed, encoding="utf-8")
    (folder / "note.py").write_text(NOTE)
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n    no_scm = true\n")
    shipped = YAML_SAFE.load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    kept = {name: shipped[name] for name in (*REAL, "index", "pretrain")}
    for name, stage in kept.items():
        if name not in REAL:
            item = "@${item.dataset}" if "matrix" in stage else ""
            stage["outs"] = [f"artifacts/{name}-done{item}"]
            stage["cmd"] = f"{sys.executable} note.py {name}{item} {stage['outs'][0]}"
        else:
            stage["cmd"] = stage["cmd"].replace("python", sys.executable)
    with open(folder / "dvc.yaml", "w", encoding="utf-8") as stream:
        YAML_SAFE.dump({"stages": kept}, stream)
    (folder / "artifacts" / "synth").mkdir(parents=True)
    (folder / "weights").mkdir()
    for dataset in ("samm_lv", "casme3", "casme2"):
        add_crops(folder, dataset)
    return folder


def add_crops(folder: Path, dataset: str) -> None:
    for path in (f"faces/{dataset}/a.npz", f"faces/{dataset}/a.zip", f"motion/{dataset}/a.npy"):
        file = folder / "artifacts" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)


def repro(folder: Path) -> set[str]:
    """Run `dvc repro`; return which of the noting stages ran."""
    note = folder / "ran.txt"
    note.unlink(missing_ok=True)
    environment = {**os.environ, "DVC_NO_ANALYTICS": "true", "MESPOT_NO_TRACKING": "1"}
    environment["PYTHONPATH"] = str(folder)
    environment.pop("DVC_ROOT", None)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "--quiet"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return set(note.read_text().split()) if note.exists() else set()


@pytest.fixture(scope="module")
def built(project):
    assert repro(project) == {"index@samm_lv", "index@casme3", "index@casme2", "pretrain"}
    return project


def test_a_changed_docstring_in_an_adapter_indexes_its_set_alone(built):
    file = built / "mespot" / "datasets" / "casme2.py"
    file.write_text(file.read_text(encoding="utf-8") + '\n"""Another word."""\n')
    assert repro(built) == {"index@casme2"}


def test_a_set_that_is_not_listed_changes_nothing(built):
    add_crops(built, "samm_lv_of_last_year")
    (built / "artifacts" / "faces" / "samm_lv" / "contact_sheet.png").write_text("a picture")
    assert repro(built) == set()


def test_changed_crops_of_a_listed_set_train_anew(built):
    (built / "artifacts" / "motion" / "samm_lv" / "a.npy").write_text("other motion")
    assert repro(built) == {"pretrain"}


def test_a_set_taken_off_the_list_trains_anew_and_indexes_nothing(built):
    path = built / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  - casme2\n", "", 1))
    assert repro(built) == {"pretrain"}
