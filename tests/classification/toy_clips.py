"""Toy lists of clips that differ in colour or motion."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
from ruamel.yaml import YAML

from mespot.params import load_params
from mespot.params.load import default_params_path
from mespot.tables.clip_list import read_clip_lists

SIDE = 48
COUNTS = {"train": 8, "val": 3, "test": 4}  # clips per class


def clip(label: int, what: str, rng: np.random.Generator, frames: int) -> np.ndarray:
    """Frames (n, H, W, 3): a noisy tint, or two bars of which the upper, lower or none moves."""
    base = rng.integers(60, 120, (SIDE, SIDE, 3)).astype(np.int64)
    if what == "colour":
        base[..., label] += 80
        moving = np.repeat(base[None], frames, 0) + rng.integers(-8, 9, (frames, 1, 1, 1))
        return np.clip(moving, 0, 255).astype(np.uint8)
    pixels = np.repeat((base[..., :1] // 2).repeat(3, 2)[None], frames, 0)
    starts = rng.integers(12, 24, 2)
    for index in range(frames):
        for place, (start, top) in enumerate(zip(starts, (6, 28), strict=True)):
            left = start + (label == place) * (index * 5 // frames)
            pixels[index, top : top + 14, left : left + 8] = 220
    return pixels.astype(np.uint8)


def write_clip(path: Path, kind: str, pixels: np.ndarray) -> str:
    """Write a clip; returns the name for the list."""
    if kind == "folder":
        path.mkdir(parents=True)
        for index, frame in enumerate(pixels):
            cv2.imwrite(str(path / f"{index + 1}.jpg"), frame[..., ::-1])
        return path.name
    if kind == "picture":
        cv2.imwrite(str(path.with_suffix(".png")), pixels[0, ..., ::-1])
        return f"{path.name}.png"
    with av.open(str(path.with_suffix(".mp4")), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for frame in pixels:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return f"{path.name}.mp4"


def write_lists(folder: Path, what: str = "colour", kinds=("folder", "file", "picture")) -> Path:
    """Write clips of three classes and ``train.txt``, ``val.txt``, ``test.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, (split, count) in enumerate(COUNTS.items()):
        rng = np.random.default_rng(place)
        lines = []
        for row in range(3 * count):
            label, frames = row % 3, int(rng.integers(14, 40))
            kind = kinds[(row // 3) % len(kinds)]
            name = write_clip(folder / f"{split} {row}", kind, clip(label, what, rng, frames))
            lines.append(f"{name} {label}\n")
        (folder / f"{split}.txt").write_text("".join(lines))
    return folder


def section(**changes):
    """The shipped section at toy length."""
    small = dict(
        epochs=6.0, batch=8, lr=0.05, checkpoint_every=6, workers=0, rand_ops=1, crop_area=(0.8, 1),
        erase=0.2, test_batch=5,
    )  # fmt: skip
    base = load_params().classify["base"]
    return type(base).model_validate({**base.model_dump(), **small, **changes})


def lists(folder: Path):
    return read_clip_lists([folder / f"{split}.txt" for split in COUNTS], folder)


def params_file(path: Path, **changes) -> Path:
    """The shipped settings with another recipe ``base``."""
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load(default_params_path().read_text())
    content["classify"]["base"] = section(**changes).model_dump(mode="json")
    with path.open("w") as stream:
        yaml.dump(content, stream)
    return path
