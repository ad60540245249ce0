from __future__ import annotations

import numpy as np
import pytest
import torch

from mespot.crops.archive import CropWriter
from mespot.crops.track import FaceTrack
from mespot.models.classifier import Classifier
from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_encoder

MODEL = "lgi_former_tiny_64"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    # on a busy machine threads that wait for each other cost more than they bring
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """Write track and archive of 12 s at 25 fps; a third of the frames found no face."""
    folder = tmp_path_factory.mktemp("video")
    rng = np.random.default_rng(0)
    frame = np.flatnonzero(rng.random(300) < 0.67)
    count = len(frame)
    FaceTrack(
        fps=25.0,
        frames=300,
        frame=frame,
        time=frame / 25.0,
        matrix=np.zeros((count, 2, 3)),
        landmarks=np.zeros((68, 2), np.float32),
        success=np.ones(count, bool),
        confidence=np.ones(count, np.float32),
        head=np.zeros((count, 4)),
        size=72,
        iod=30.0,
        grey=False,
    ).save(folder / "v.npz")
    with CropWriter(folder / "v.zip", 90) as writer:
        for _ in range(count):
            coarse = rng.integers(0, 255, (9, 9, 3), dtype=np.uint8)
            writer.append(coarse.repeat(8, 0).repeat(8, 1))
    return folder / "v.npz", folder / "v.zip"


@pytest.fixture(scope="session")
def classifiers(tmp_path_factory):
    """Write two granularities with random weights, sharp enough to tell slices apart."""
    folders = []
    for seed in range(2):
        folder = tmp_path_factory.mktemp("granularity")
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = Classifier(create_encoder(MODEL), head_scale=15.0)
        save_weights(folder / "all.safetensors", model)
        save_description(folder, {"model": MODEL, "input": "flow", "classifier": model.config})
        folders.append(folder)
    return folders
