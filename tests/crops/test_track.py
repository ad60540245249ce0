from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.core.files import write_npz
from mespot.crops.track import FaceTrack


def track(count: int = 4) -> FaceTrack:
    rng = np.random.default_rng(1)
    return FaceTrack(
        fps=30.0,
        frames=count,
        frame=np.arange(count),
        time=np.arange(count) / 30,
        matrix=rng.normal(size=(count, 2, 3)),
        landmarks=rng.normal(size=(68, 2)).astype(np.float32),
        success=np.ones(count, bool),
        confidence=np.ones(count, np.float32),
        head=rng.normal(size=(count, 4)),
        size=192,
        iod=60.0,
        grey=False,
    )


def test_round_trip_keeps_values_and_types(tmp_path):
    track().save(tmp_path / "a.npz")
    back = FaceTrack.load(tmp_path / "a.npz")
    for name, value in vars(track()).items():
        assert np.array_equal(getattr(back, name), value), name
        assert type(getattr(back, name)) is type(value), name
    assert back.frame.dtype == np.int64 and back.landmarks.dtype == np.float32


def test_same_track_same_bytes(tmp_path):
    track().save(tmp_path / "a.npz")
    track().save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_faulty_files_are_named(tmp_path):
    arrays = {name: np.asarray(value) for name, value in vars(track()).items()}
    write_npz(tmp_path / "short.npz", {**arrays, "head": arrays["head"][:2]})
    with pytest.raises(MespotError, match=r"short\.npz: array 'head': found shape \(2, 4\)"):
        FaceTrack.load(tmp_path / "short.npz")
    del arrays["success"]
    write_npz(tmp_path / "less.npz", arrays)
    with pytest.raises(MespotError, match=r"less\.npz: array 'success' is missing"):
        FaceTrack.load(tmp_path / "less.npz")
