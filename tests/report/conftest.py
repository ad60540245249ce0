from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mespot.crops.archive import CropReader, CropWriter
from mespot.params.report import PageParams
from mespot.report.video import VideoView
from tests.flow.plain import plain_signals

NASTY = "<script>alert('x')</script>"
FPS = 30.0
FRAMES = 300
REGIONS = ("brow_inner_r", "lid_upper_r", "lip_corner_l")
PAGE = PageParams(
    videos=2, thumbnails=40, thumbnail_size=32, jpg_quality=90, samples=400, gallery=2,
    gallery_size=48,
)  # fmt: skip


def grey_of(index):
    """Brightness of a crop of the toy video: it tells its index."""
    return 20 + index * 2 // 3


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Crops of a toy video, each of one brightness."""
    path = tmp_path_factory.mktemp("crops") / "toy.zip"
    with CropWriter(path, 95) as writer:
        for index in range(FRAMES):
            writer.append(np.full((64, 64, 3), grey_of(index), np.uint8))
    return path


@pytest.fixture(scope="session")
def signals():
    """Flow signals with a rise of a lip corner from 4 to 5 s and a blink at 2 s."""
    time = np.arange(FRAMES) / FPS
    moved = np.zeros((FRAMES, len(REGIONS), 2), np.float32)
    moved[:, 2, 1] = -0.04 * np.exp(-(((time - 4.5) / 0.25) ** 2))
    return plain_signals(
        time,
        REGIONS,
        displacement=moved,
        strength=(40.0 * np.exp(-(((time - 4.5) / 0.3) ** 2)) + 1.0).astype(np.float32),
        blink=((time > 2.0) & (time < 2.2)).astype(np.float32),
        head_motion=np.linspace(0.0, 1.0, FRAMES).astype(np.float32),
        confidence=np.where(time > 9.5, 0.0, 1.0).astype(np.float32),
        speech=((time > 6.0) & (time < 7.0)).astype(np.float32),
        fps=FPS,
    )


@pytest.fixture
def view(signals, archive):
    """A video with two events: a macro-expression that is found, a micro that is missed."""
    truth = pd.DataFrame(
        {"onset": [120, 200], "apex": [135, -1], "offset": [150, 208], "type": ["mae", "me"]}
    )
    found = pd.DataFrame(
        {
            "branch": ["fused", "fused", "flow"],
            "onset": [118, 30, 118],
            "offset": [151, 40, 151],
            "type": ["mae", "me", "mae"],
            "score": [0.9, 0.6, 0.8],
        }
    )
    return VideoView(f"v {NASTY}", signals, found, truth, CropReader(archive), subject="s1")
