"""A toy checkout in which stage functions run by themselves: no dvc, no tracking, no raw data."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from mespot.crops.archive import CropWriter
from mespot.crops.track import FaceTrack

ROOT = Path(__file__).resolve().parents[2]
SET = "samm_lv"
FOLD_OF = {"s0": 0, "s1": 1, "s2": 1, "s3": 2}


def changed(params: dict, changes: Mapping[str, Any]) -> dict:
    """Overlay settings, named by dotted keys."""
    for key, value in changes.items():
        *sections, name = key.split(".")
        place = params
        for section in sections:
            place = place[section]
        place[name] = value
    return params


@dataclass
class Toy:
    """A checkout with the shipped ``dvc.yaml``, and artifacts that tests write by hand."""

    root: Path

    def settings(self, **changes: Any) -> None:
        """Write the shipped settings with some of them replaced; ``__`` stands for a dot."""
        reader = YAML(typ="safe", pure=True)
        params = reader.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        few = {"jobs": 1, "datasets": [SET], "report.draws": 20}
        named = {key.replace("__", "."): value for key, value in changes.items()}
        text = json.dumps(changed(params, few | named))
        (self.root / "params.yaml").write_text(text, encoding="utf-8")

    def artifact(self, *parts: str) -> Path:
        return self.root.joinpath("artifacts", *parts)

    def json(self, *parts: str) -> Any:
        return json.loads(self.artifact(*parts).read_text(encoding="utf-8"))

    def table(self, *parts: str) -> pd.DataFrame:
        return pd.read_csv(self.artifact(*parts), dtype={"video": str, "subject": str})

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write a table below ``artifacts/``."""
        path = self.artifact(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)

    def index(self, videos: pd.DataFrame, events: pd.DataFrame, dataset: str = SET) -> None:
        """Write the index of a data set; columns that the tables lack get a plain value."""
        plain = {"path": "x", "kind": "folder", "first": 0, "gaps": "", "grey": True,
                 "fingerprint": "f"}  # fmt: skip
        self.write(f"index/{dataset}/videos.csv", videos.assign(**_lacking(videos, plain)))
        plain = {"apex": -1, "official_onset": 1.0, "official_apex": 1.0, "official_offset": 1.0,
                 "source": "sheet", "row": 1, "rule": ""}  # fmt: skip
        self.write(f"index/{dataset}/events.csv", events.assign(**_lacking(events, plain)))

    @contextlib.contextmanager
    def entered(self) -> Iterator[Toy]:
        """Work inside the checkout, as a stage does, with nothing tracked."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MESPOT_NO_TRACKING", "1")
            patch.delenv("DVC_ROOT", raising=False)
            patch.chdir(self.root)
            yield self


def _lacking(table: pd.DataFrame, plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in plain.items() if key not in table.columns}


def make_toy(root: Path) -> Toy:
    """Lay out an empty checkout."""
    root.mkdir(parents=True, exist_ok=True)
    for name in ("dvc.yaml", "mespot", "stages"):
        os.symlink(ROOT / name, root / name)
    toy = Toy(root)
    toy.settings()
    return toy


@pytest.fixture
def toy(tmp_path):
    """An empty checkout, and the current folder."""
    with make_toy(tmp_path / "checkout").entered() as entered:
        yield entered


@pytest.fixture(scope="session")
def fused_world(tmp_path_factory) -> tuple[Toy, dict[str, int]]:
    """A checkout in which `grid` and `fuse` ran on a small world, and its folds; copy to change."""
    from mespot.pipeline.fuse import fuse
    from mespot.pipeline.grid import grid
    from tests.pipeline.searched import write_world

    with make_toy(tmp_path_factory.mktemp("fused") / "checkout").entered() as toy:
        folds = write_world(toy)
        grid(SET)
        fuse(SET)
    return toy, folds


@pytest.fixture(scope="module")
def fused_copy(fused_world, tmp_path_factory) -> Toy:
    """A copy of that checkout, and the current folder of the module's tests."""
    copy = Toy(tmp_path_factory.mktemp("copy") / "checkout")
    shutil.copytree(fused_world[0].root, copy.root, symlinks=True)
    with copy.entered():
        yield copy


def people() -> pd.DataFrame:
    """Videos of 3 s at 20 fps: one per subject, two of s3."""
    names = ["s0", "s1", "s2", "s3", "s3"]
    return pd.DataFrame(
        {"subject": names, "video": [f"v{i}" for i in range(5)], "fps": 20.0, "frames": 60}
    )


def expressions() -> pd.DataFrame:
    """One event in each of those videos."""
    kinds = ["me", "mae", "me", "mae", "me"]
    table = people()[["subject", "video"]]
    return table.assign(onset=20, offset=[27, 33, 27, 33, 27], type=kinds)


def write_crops(folder: Path, name: str, seed: int, count: int = 60, fps: float = 20.0) -> None:
    """Write track and archive of a textured square with a bar that jumps from 1 to 1.5 s."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    still = cv2.GaussianBlur(rng.integers(0, 255, (64, 64)).astype(np.uint8), (0, 0), 2)
    with CropWriter(folder / f"{name}.zip", 95) as writer:
        for index in range(count):
            crop = still.copy()
            left = 10 + seed + (6 if 20 <= index < 30 else 0)
            crop[36:44, left : left + 8] = 230
            writer.append(crop)
    landmarks = np.full((68, 2), 32.0, np.float32)
    landmarks[36:42], landmarks[42:48] = (22, 24), (42, 24)
    FaceTrack(
        fps=fps, frames=count, frame=np.arange(count), time=np.arange(count) / fps,
        matrix=np.tile(np.eye(2, 3), (count, 1, 1)), landmarks=landmarks,
        success=np.ones(count, bool), confidence=np.ones(count, np.float32),
        head=np.zeros((count, 4)), size=64, iod=20.0, grey=True,
    ).save(folder / f"{name}.npz")  # fmt: skip


def write_motion(toy: Toy, name: str, seed: int, count: int = 60, fps: float = 20.0) -> None:
    """Write track, crops and hand-made motion of a video: what networks of 24 nodes see."""
    write_crops(toy.artifact("faces", SET), name, seed, count, fps)
    moved = np.random.default_rng(seed).integers(-200, 200, (count, 24, 24, 2)).astype(np.int16)
    folder = toy.artifact("motion", SET)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}.npy", moved)
