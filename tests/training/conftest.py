from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mespot.faces.archive import CropWriter
from mespot.faces.track import FaceTrack

FPS = 20.0
CROPS = 60


@pytest.fixture(scope="session")
def faces(tmp_path_factory):
    """Three archives of a bright bar that jumps, one per subject."""
    folder = tmp_path_factory.mktemp("faces")
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


@pytest.fixture
def videos():
    return pd.DataFrame(
        {"subject": ["s0", "s1", "s2"], "video": ["v0", "v1", "v2"], "fps": FPS, "frames": CROPS}
    )


@pytest.fixture
def events():
    return pd.DataFrame(
        {
            "subject": ["s0", "s1", "s2"],
            "video": ["v0", "v1", "v2"],
            "onset": [20, 20, 20],
            "offset": [27, 29, 29],
            "type": ["me", "mae", "me"],
        }
    )


@pytest.fixture
def pretrain_params():
    return SimpleNamespace(
        threads=1,
        model="lgi_former_tiny_64",
        input="flow",
        span=1.0,
        masking="part_window",
        mask_ratio=0.75,
        motion_weight=0.5,
        steps=4,
        batch=2,
        lr=0.05,
        weight_decay=0.05,
        warmup=0.25,
        checkpoint_every=2,
    )


@pytest.fixture
def finetune_params():
    return SimpleNamespace(
        granularities=(0.5,),
        steps=3,
        batch=4,
        lr=0.03,
        layer_decay=0.85,
        weight_decay=0.05,
        warmup=0.25,
        drop_path=0.1,
        positives=0.5,
        overlap_from=0.2,
        overlap_full=0.6,
        checkpoint_every=2,
    )
