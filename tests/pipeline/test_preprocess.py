from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest
from skimage import data

from mespot.core.errors import MespotError
from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack
from mespot.pipeline.preprocess import preprocess

FRAMES = 6


@pytest.fixture
def filmed(toy):
    """Videos `face` of a portrait and `wall` of a grey wall, indexed as data set `own`."""
    portrait = cv2.cvtColor(data.astronaut()[:300, 80:380], cv2.COLOR_RGB2BGR)
    for name, picture in (("face", portrait), ("wall", np.full((300, 300, 3), 90, np.uint8))):
        folder = toy.root / "raw" / "own" / name
        folder.mkdir(parents=True)
        for number in range(1, FRAMES + 1):
            cv2.imwrite(str(folder / f"{number:03d}.jpg"), picture)
    return toy


def listed(toy, names):
    table = pd.DataFrame(
        {
            "subject": names, "video": names, "path": [f"own/{name}" for name in names],
            "kind": "folder", "fps": 25.0, "frames": FRAMES, "first": 1, "grey": False,
        }
    )  # fmt: skip
    toy.index(table, pd.DataFrame(columns=["subject", "video", "onset", "offset", "type"]), "own")


def test_crops_and_track_of_every_listed_video(filmed):
    filmed.settings(datasets=["own"], data__root="raw")
    listed(filmed, ["face"])
    preprocess("own")
    names = {path.name for path in filmed.artifact("faces/own").iterdir()}
    assert names == {"face.zip", "face.npz", "faces.csv"}
    track = FaceTrack.load(filmed.artifact("faces/own/face.npz"))
    crops = CropReader(filmed.artifact("faces/own/face.zip"))
    assert len(track) == len(crops) == FRAMES and track.success.all()
    assert crops.read(0).shape[:2] == (192, 192)
    eyes = track.landmarks[36:42].mean(0), track.landmarks[42:48].mean(0)
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(0.30 * 192, rel=0.1)


def test_only_unlabelled_sets_may_lose_a_video_without_a_face(filmed):
    listed(filmed, ["face", "wall"])
    filmed.settings(unlabelled=["own"], data__root="raw")
    preprocess("own")
    assert filmed.table("faces/own/faces.csv")["video"].tolist() == ["face"]
    assert not filmed.artifact("faces/own/wall.zip").exists()
    filmed.settings(datasets=["own"], data__root="raw")
    with pytest.raises(MespotError, match="wall"):
        preprocess("own")
