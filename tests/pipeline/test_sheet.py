from __future__ import annotations

import shutil
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

from mespot.core.files import write_csv
from mespot.pipeline.sheet import sheet


@pytest.fixture
def project(root, tmp_path, monkeypatch):
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copyfile(root / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESPOT_NO_TRACKING", "1")
    return tmp_path


def test_the_least_certain_video_comes_first(project, monkeypatch):
    faces = project / "artifacts" / "faces" / "samm_lv"
    rows = {"video": ["007", "NA"], "face_share": [1.0, 0.5], "confidence_mean": [1.0, 0.5]}
    write_csv(faces / "faces.csv", pd.DataFrame({**rows, "iod_px": 50.0, "residual": 0.5}))
    drawn = []

    class Reader:
        def __init__(self, path):
            drawn.append(path.stem)

        def __len__(self):
            return 4

        def read(self, index):
            return np.zeros((192, 192, 3), np.uint8)

        def close(self):
            pass

    track = SimpleNamespace(landmarks=np.zeros((68, 2)), size=192, success=np.ones(4, bool))
    monkeypatch.setattr("mespot.faces.contact_sheet.CropReader", Reader)
    monkeypatch.setattr(
        "mespot.faces.contact_sheet.FaceTrack", SimpleNamespace(load=lambda path: track)
    )
    sheet("samm_lv")
    assert drawn == ["NA", "007"]
    picture = cv2.imread(str(project / "artifacts" / "sheet" / "samm_lv" / "contact_sheet.png"))
    assert picture.shape[0] > 2 * 144
    assert (project / "artifacts" / "runs" / "sheet" / "samm_lv" / "run.json").is_file()
