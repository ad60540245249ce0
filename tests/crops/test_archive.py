from __future__ import annotations

import builtins
import pickle

import cv2
import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.crops.archive import CropReader, CropWriter


def pictures(count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 255, (count, 12, 12, 3), dtype=np.uint8)
    return np.stack([cv2.resize(c, (96, 96), interpolation=cv2.INTER_CUBIC) for c in coarse])


def write(path, crops) -> None:
    with CropWriter(path, 95) as writer:
        for crop in crops:
            writer.append(crop)


@pytest.fixture
def without_simplejpeg(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "simplejpeg":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)


def check_round_trip(folder) -> None:
    crops = pictures()
    write(folder / "a.zip", crops)
    reader = CropReader(folder / "a.zip")
    assert len(reader) == 6
    for index in (4, 0, 5):
        back = reader.read(index)
        assert back.shape == (96, 96, 3) and back.dtype == np.uint8
        assert np.abs(back.astype(int) - crops[index]).mean() < 2.5
    luma = reader.read(2, grey=True)
    assert luma.shape == (96, 96)
    expected = cv2.cvtColor(crops[2], cv2.COLOR_RGB2GRAY)
    assert np.abs(luma.astype(int) - expected).mean() < 1.5
    assert reader.read_many([1, 3]).shape == (2, 96, 96, 3)
    assert reader.read_many(np.array([1, 3, 3]), grey=True).shape == (3, 96, 96)
    with pytest.raises(IndexError):
        reader.read(6)


def test_round_trip(tmp_path):
    check_round_trip(tmp_path)


def test_round_trip_with_opencv_alone(tmp_path, without_simplejpeg):
    check_round_trip(tmp_path)


def test_grey_crops_are_grey_jpgs(tmp_path):
    crops = pictures()[..., 0]
    write(tmp_path / "grey.zip", crops)
    write(tmp_path / "rgb.zip", np.repeat(crops[..., None], 3, axis=-1))
    assert (tmp_path / "grey.zip").stat().st_size < (tmp_path / "rgb.zip").stat().st_size
    reader = CropReader(tmp_path / "grey.zip")
    assert reader.read(1, grey=True).shape == (96, 96)
    colour = reader.read(1)
    assert colour.shape == (96, 96, 3)
    assert np.ptp(colour.astype(int), axis=-1).max() == 0


def test_same_crops_same_bytes(tmp_path):
    write(tmp_path / "a.zip", pictures())
    write(tmp_path / "b.zip", pictures())
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_reader_survives_pickling(tmp_path):
    write(tmp_path / "a.zip", pictures())
    reader = CropReader(tmp_path / "a.zip")
    reader.read(0)
    copy = pickle.loads(pickle.dumps(reader))
    assert np.array_equal(copy.read(3), reader.read(3))
    reader.close()
    assert reader.read(3).shape == (96, 96, 3)


def test_failed_writing_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), CropWriter(tmp_path / "a.zip", 95) as writer:
        writer.append(pictures()[0])
        raise RuntimeError("decoder broke")
    assert list(tmp_path.iterdir()) == []


def test_truncated_archive_is_one_line(tmp_path):
    path = tmp_path / "a.zip"
    write(path, pictures())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(MespotError, match=r"a\.zip: not a whole zip") as caught:
        CropReader(path)
    assert "\n" not in str(caught.value)


def test_damaged_crop_is_named(tmp_path):
    path = tmp_path / "a.zip"
    write(path, pictures())
    data = bytearray(path.read_bytes())
    middle = data.index(b"000003.jpg") + 400
    data[middle : middle + 50] = bytes(50)
    path.write_bytes(data)
    reader = CropReader(path)
    reader.read(2)
    with pytest.raises(MespotError, match="000003.jpg is damaged"):
        reader.read(3)


def test_missing_archive(tmp_path):
    with pytest.raises(MespotError, match="cannot be read"):
        CropReader(tmp_path / "none.zip")
