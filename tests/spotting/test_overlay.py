from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pandas as pd
import pytest

from mespot.crops.track import FaceTrack
from mespot.spotting.overlay import Landmarks, drawn_frames, write_overlay
from tests.flow.plain import plain_signals

FRAMES, FPS = 40, 25.0
HEIGHT, WIDTH = 121, 160  # odd: H.264 wants even sizes


class Source:
    """Grey frames of one brightness; frame 7 cannot be decoded."""

    fps, frames, grey, numbers = FPS, FRAMES, True, np.arange(FRAMES)

    def iterate(self, stride=1):
        for index in range(0, FRAMES, stride):
            if index != 7:
                yield index, np.full((HEIGHT, WIDTH), 90, np.uint8)


@pytest.fixture
def face():
    """Every second frame was cropped; the head moves right by 1 px per frame."""
    frame = np.arange(0, FRAMES, 2)
    matrix = np.zeros((len(frame), 2, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = 2.0
    matrix[:, 0, 2] = -2.0 * frame  # crop x = 2 (x - frame)
    landmarks = np.random.default_rng(0).uniform(40, 100, (68, 2)).astype(np.float32)
    success = np.ones(len(frame), bool)
    success[-1] = False
    return FaceTrack(
        fps=FPS, frames=FRAMES, frame=frame, time=frame / FPS, matrix=matrix, landmarks=landmarks,
        success=success, confidence=success.astype(np.float32), head=np.zeros((len(frame), 4)),
        size=128, iod=40.0, grey=True,
    )  # fmt: skip


@pytest.fixture
def signals(face):
    moved = np.zeros((len(face), 2, 2), np.float32)
    moved[10, 1, 1] = 0.1  # a lip corner, 0.1 IOD down in crop 10
    return plain_signals(
        face.time, ("cheek_r", "lip_corner_l"), frame=face.frame, displacement=moved,
        frames=FRAMES, fps=FPS,
    )  # fmt: skip


INTERVALS = pd.DataFrame({"onset": [10], "offset": [19], "type": ["me"], "score": [0.87]})


def test_landmarks_follow_the_head_and_the_measured_movement(face, signals):
    places = Landmarks(face, signals)
    still = face.landmarks / 2.0
    np.testing.assert_allclose(places.at(0)[0], still, atol=1e-4)
    np.testing.assert_allclose(places.at(5)[0] - still, [[5.0, 0.0]] * 68, atol=1e-4)
    moved = places.at(20)[0] - still
    expected = np.array([[20.0, 0.0]] * 68)
    expected[54, 1] = 2.0  # 0.1 IOD of 40 crop px, two crop px per frame px
    np.testing.assert_allclose(moved, expected, atol=1e-4)
    assert places.at(0)[1] and not places.at(FRAMES - 1)[1]


def test_the_frame_is_marked_during_the_interval_alone(face, signals):
    marked = {
        index
        for index, picture in drawn_frames(Source(), face, signals, INTERVALS)
        if picture[-1, -1].tolist() != [90, 90, 90]
    }
    assert marked == set(range(10, 20))


def test_the_video_keeps_rate_and_length_and_repeats(tmp_path, face, signals):
    for name in ("one.mp4", "two.mp4"):
        write_overlay(tmp_path / name, Source(), face, signals, INTERVALS)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    with av.open(str(tmp_path / "one.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (WIDTH, HEIGHT + 1)
        times = [round(frame.pts * float(stream.time_base) * FPS) for frame in container.decode()]
    assert times == [index for index in range(FRAMES) if index != 7]


def test_a_colour_video_stays_as_it_is(face, signals):
    class Colour(Source):
        def iterate(self, stride=1):
            self.shown = np.full((HEIGHT, WIDTH, 3), (10, 20, 30), np.uint8)
            yield 0, self.shown

    source = Colour()
    far = replace(face, landmarks=face.landmarks + 1000.0)
    (_, picture), *_ = drawn_frames(source, far, signals, INTERVALS)
    assert picture[5, 5].tolist() == [10, 20, 30]
    assert (source.shown == (10, 20, 30)).all()  # the reader's array is not drawn into
