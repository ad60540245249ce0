from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.crops.archive import CropWriter
from mespot.crops.clips import MOTION_UNIT, open_clips
from mespot.crops.track import FaceTrack
from mespot.flow.motion import (
    NODES,
    measure_motion,
    motion_dataset,
    motion_video,
    reference_moments,
)

FPS = 20.0
SIZE = 96
IOD = 29.0
EYES = np.array([48.0, 35.0])
MOVED = 0.012  # IOD, a third of a pixel


class Crops:
    """A textured face whose mouth corner moves for 0.4 s, while the whole crop sways."""

    def __init__(self, seconds=6.0, sway=0.0, move=MOVED):
        self.times = np.arange(round(seconds * FPS)) / FPS
        rng = np.random.default_rng(0)
        rough = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE)).astype(np.float32), (0, 0), 1.5)
        self._texture = rough / rough.std() * 25 + 120
        y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
        self._x, self._y = x, y
        self._bump = np.exp(-0.5 * (((x - 60) / 9) ** 2 + ((y - 66) / 9) ** 2)).astype(np.float32)
        self._noise = rng.standard_normal((len(self.times), SIZE, SIZE)).astype(np.float32)
        self._sway, self._move = sway, move

    def __len__(self):
        return len(self.times)

    def moves(self, index):
        return 2.0 <= self.times[index] < 2.4

    def read(self, index, grey=True):
        up = np.float32(self._move * IOD * self.moves(index))
        angle = np.float32(self._sway * np.sin(2 * self.times[index]))
        x = self._x + 2 * angle + angle * np.float32(0.1) * (self._y - 40)
        y = self._y + up * self._bump - angle * np.float32(0.1) * (self._x - 48)
        picture = cv2.remap(self._texture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        return np.clip(np.round(picture + self._noise[index]), 0, 255).astype(np.uint8)


def measured(crops) -> np.ndarray:
    """(N, 24, 24, 2) IOD."""
    out = np.empty((len(crops), NODES, NODES, 2), np.int16)
    measure_motion(crops, crops.times, IOD, EYES, out)
    return out * MOTION_UNIT


def test_a_third_of_a_pixel_is_found_where_and_when_it_happens():
    crops = Crops()
    motion = measured(crops)
    moving = np.array([crops.moves(index) for index in range(len(crops))])
    row, column = round(66 / SIZE * NODES), round(60 / SIZE * NODES)
    assert -1.2 * MOVED < motion[moving, row, column, 1].mean() < -0.6 * MOVED
    still = np.abs(motion[~moving])
    assert np.quantile(still, 0.99) < 0.15 * MOVED
    assert np.abs(motion[moving, 3:6, 3:6]).mean() < 0.15 * MOVED


def test_the_motion_of_the_whole_face_is_taken_off():
    crops = Crops(sway=0.25, move=0.0)
    left = np.abs(measured(crops))[:, 5:19, 5:19]
    assert np.quantile(left, 0.95) < 0.1 * 1.0 / IOD  # a pixel is what the crop sways by


def test_nothing_is_left_behind_where_the_reference_changes():
    crops = Crops(seconds=21.0, move=0.05)
    motion = measured(crops)
    row, column = round(66 / SIZE * NODES), round(60 / SIZE * NODES)
    curve = motion[:, row, column, 1]
    assert abs(np.median(curve)) < 5e-4
    assert curve[40:48].max() < -0.03 and np.abs(curve[60:]).max() < 2e-3


def test_windows_of_the_references_cover_the_video():
    moments = reference_moments(np.arange(600) / 20.0)
    assert moments[0] == pytest.approx(6.0) and moments[-1] == pytest.approx(29.95 - 6.0)
    assert np.diff(moments).max() <= 8.0 + 1e-9
    assert reference_moments(np.arange(100) / 20.0) == pytest.approx([2.475])
    assert reference_moments(np.array([0.0])).tolist() == [0.0]


def _write(folder, count=30):
    crops = Crops(seconds=count / FPS)
    with CropWriter(folder / "v.zip", 95) as writer:
        for index in range(count):
            writer.append(crops.read(index))
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[[36, 39, 42, 45]] = EYES
    track = FaceTrack(
        fps=FPS, frames=count, frame=np.arange(count), time=crops.times,
        matrix=np.zeros((count, 2, 3)), landmarks=landmarks, success=np.ones(count, bool),
        confidence=np.ones(count, np.float32), head=np.zeros((count, 4)), size=SIZE, iod=IOD,
        grey=True,
    )  # fmt: skip
    track.save(folder / "v.npz")
    return track


def test_files_are_the_same_bytes_and_open_as_clips(tmp_path):
    _write(tmp_path)
    for name in ("a.npy", "b.npy"):
        motion_video(tmp_path / "v.npz", tmp_path / "v.zip", tmp_path / name)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    clips = open_clips([(tmp_path / "v.npz", tmp_path / "a.npy")], NODES, True)
    cut = clips.clips(np.array([0, 0]), np.array([0.0, 0.5]), np.array([1.0, 0.5]))
    assert cut.shape == (2, 16, NODES, NODES, 2) and cut.dtype == np.int16
    both = open_clips([(tmp_path / "v.npz", tmp_path / "a.npy")] * 2, NODES, True)
    again = both.clips(np.array([1, 1]), np.array([0.0, 0.5]), np.array([1.0, 0.5]))
    assert np.array_equal(cut, again)
    with pytest.raises(MespotError, match=f"found {NODES} nodes per side, the model sees 64"):
        open_clips([(tmp_path / "v.npz", tmp_path / "a.npy")], 64, True)


def test_a_single_crop_is_neutral(tmp_path):
    _write(tmp_path, count=1)
    motion_video(tmp_path / "v.npz", tmp_path / "v.zip", tmp_path / "a.npy")
    assert np.abs(np.load(tmp_path / "a.npy")).max() <= 1


def test_finished_videos_are_not_measured_again(tmp_path):
    track = _write(tmp_path)
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir(), out.mkdir()
    np.save(work / "v.npy", np.zeros((3, 1)))
    assert motion_dataset(tmp_path, out, work, jobs=1) == 1
    assert np.load(out / "v.npy").shape == (3, 1)
    replace(track, time=track.time[:5], frame=track.frame[:5], matrix=track.matrix[:5],
            success=track.success[:5], confidence=track.confidence[:5],
            head=track.head[:5]).save(tmp_path / "v.npz")  # fmt: skip
    with pytest.raises(MespotError, match="found 30 crops, expected 5"):
        motion_dataset(tmp_path, out, work, jobs=1)
