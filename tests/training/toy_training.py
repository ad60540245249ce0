"""Toy videos, settings and a toy training, for the tests and for the processes that they start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from mespot.crops.archive import CropWriter
from mespot.crops.track import FaceTrack
from mespot.models.classifier import Classifier
from mespot.models.lgi_former import LGIFormer
from mespot.params import load_params
from mespot.training.engine.seeding import seeded
from mespot.training.engine.task import Batch

FPS = 20.0
CROPS = 60
FOLDS = {"s0": 0, "s1": 1, "s2": 1}


def make_faces(folder: Path) -> Path:
    """Three archives of a bright bar that jumps, one per subject."""
    for video in range(3):
        rng = np.random.default_rng(video)
        still = rng.integers(60, 120, (64, 64)).astype(np.uint8)
        with CropWriter(folder / f"v{video}.zip", 95) as writer:
            for index in range(CROPS):
                crop = still.copy()
                left = 10 + 10 * video + (6 if 20 <= index < 30 else 0)
                crop[20:40, left : left + 8] = 230
                writer.append(crop)
        FaceTrack(
            fps=FPS,
            frames=CROPS,
            frame=np.arange(CROPS),
            time=np.arange(CROPS) / FPS,
            matrix=np.zeros((CROPS, 2, 3)),
            landmarks=np.zeros((68, 2), np.float32),
            success=np.ones(CROPS, bool),
            confidence=np.ones(CROPS, np.float32),
            head=np.zeros((CROPS, 4)),
            size=64,
            iod=20.0,
            grey=True,
        ).save(folder / f"v{video}.npz")
    return folder


def archives(faces: Path) -> list[tuple[Path, Path]]:
    return [(faces / f"v{i}.npz", faces / f"v{i}.zip") for i in range(3)]


def make_videos() -> pd.DataFrame:
    return pd.DataFrame(
        {"subject": ["s0", "s1", "s2"], "video": ["v0", "v1", "v2"], "fps": FPS, "frames": CROPS}
    )


def make_events() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subject": ["s0", "s1", "s2"],
            "video": ["v0", "v1", "v2"],
            "onset": [20, 20, 20],
            "offset": [27, 29, 29],
            "type": ["me", "mae", "me"],
        }
    )


def pretrain_section(**changes):
    """The shipped section at toy length."""
    small = dict(
        model="lgi_former_tiny_64", input="flow", steps=4, batch=2, lr=0.05, warmup=0.25,
        checkpoint_every=2, picture_every=0,
    )  # fmt: skip
    section = load_params().pretrain
    return type(section).model_validate({**section.model_dump(), **small, **changes})


def finetune_section(**changes):
    """The shipped section at toy length, for one granularity."""
    small = dict(granularities=(0.5,), steps=3, batch=4, lr=0.03, warmup=0.25, checkpoint_every=2)
    section = load_params().finetune["base"]
    return type(section).model_validate({**section.model_dump(), **small, **changes})


class Squares(nn.Module):
    def __init__(self, model, poison=None):
        super().__init__()
        self.model = model

    def forward(self, video, factor):
        logits = self.model(video).float()
        loss = (logits - 1).square().mean(1) + 0.01 * self.model.fc_norm.weight.square().mean()
        loss = (loss * factor).mean()
        return loss, loss * 2


class ToyTask:
    """Logits shall become 1; row r of step s is always the same clip, named ``s.r``."""

    figures = ("two",)
    idle_parameters = True

    def __init__(self, batch=4, drop_path=0.3, stop=None, poison=None, overflow=None):
        with seeded(1):
            encoder = LGIFormer(4, 16, 16, 2, 2, [1, 2, 2], patch=8, drop_path=drop_path)
            self.model = Classifier(encoder, head_scale=1.0)
        self.encoder = encoder
        self.objective = Squares(self.model)
        self.batch, self.stop = batch, stop
        self.poison, self.overflow = poison, overflow
        self.seen = []

    def draw(self, step, rows):
        rng = np.random.default_rng(step)
        video = rng.standard_normal((self.batch, 3, 4, 16, 16)).astype(np.float32)[rows]
        factor = np.ones(len(rows), np.float32)
        factor[[(step, int(row)) == self.poison for row in rows]] = np.nan
        if step == self.overflow:
            factor[:] = 1e38
        self.seen.append((step, rows.tolist()))
        names = [f"{step}.{row}" for row in rows]
        return Batch((torch.from_numpy(video), torch.from_numpy(factor)), names)

    def inputs(self, step, tensors):
        if step == self.stop:
            raise KeyboardInterrupt
        return tensors


def weights(model: nn.Module) -> bytes:
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())
