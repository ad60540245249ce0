from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.crops.track import FaceTrack
from mespot.flow.pooling import RegionFlow
from mespot.flow.regions import ANCHORS, EXPRESSIVE
from mespot.flow.states import NAMES, labels, states_of
from tests.flow.plain import REGIONS, plain_signals

SECONDS = 12
UPPER = [REGIONS.index(name) for name in ("lid_upper_r", "lid_upper_l")]
NOSE = [
    len(EXPRESSIVE) + number
    for number, region in enumerate(ANCHORS)
    if region.name in ("nose_lower", "nose_tip")
]


class Scene:
    """A face that does nothing, with a little noise, to which tests add one thing."""

    def __init__(self, fps: float = 25.0) -> None:
        rng = np.random.default_rng(3)
        count = round(SECONDS * fps)
        self.fps, self.time = fps, np.arange(count) / fps
        points = len(EXPRESSIVE) + len(ANCHORS)
        self.displacement = rng.normal(0.0, 5e-4, (count, points, 2))
        self.eyes = np.tile([90.0, 36.0], (count, 2, 1)) * rng.normal(1.0, 0.01, (count, 2, 2))
        self.blink, self.speed = np.zeros(count), np.full(count, 0.05)
        self.success, self.shift = np.ones(count, dtype=bool), np.zeros(count)
        x, y = np.meshgrid(np.linspace(30.0, 117.0, 17), np.linspace(40.0, 120.0, 4))
        self.landmarks = np.stack([x.ravel(), y.ravel()], axis=1)
        # corners of the eyes and tip of the nose, of a face seen from the front
        self.landmarks[[36, 39, 42, 45]] = [[40, 60], [65, 60], [84, 60], [109, 60]]
        self.landmarks[30] = [74.5, 85.0]
        self.keys = {0: self.landmarks.copy()}

    def between(self, start: float, end: float) -> np.ndarray:
        return (self.time >= start - 1e-9) & (self.time < end - 1e-9)

    def move_lids(self, start: float, end: float, down: float, ramp: float = 0.08) -> None:
        times = [start, start + ramp, end - ramp, end]
        self.displacement[:, UPPER, 1] += np.interp(self.time, times, [0, down, down, 0])[:, None]

    def show_skin(self, start: float, end: float) -> None:
        self.eyes[self.between(start, end)] *= (1.2, 0.6)

    def states(self):
        count = len(self.time)
        matrix = np.tile(np.eye(2, 3), (count, 1, 1))
        matrix[:, 0, 2] = self.shift
        head = np.zeros((count, 4))
        head[:, 0] = -self.shift / 44.0
        track = FaceTrack(
            fps=self.fps, frames=count, frame=np.arange(count), time=self.time, matrix=matrix,
            landmarks=self.landmarks, success=self.success,
            confidence=self.success.astype(np.float32), head=head, size=147, iod=44.0, grey=True,
            key=np.array(sorted(self.keys)),
            key_landmarks=np.stack([self.keys[key] for key in sorted(self.keys)]),
        )  # fmt: skip
        seen = np.where(self.success[:, None, None], self.displacement, np.nan)
        signals = plain_signals(
            self.time, displacement=self.displacement[:, : len(REGIONS)].astype(np.float32),
            blink=self.blink, head_motion=self.speed, confidence=track.confidence, fps=self.fps,
        )  # fmt: skip
        eyes = np.where(self.success[:, None, None], self.eyes, np.nan)
        return states_of(signals, track, RegionFlow(seen, eyes))


def overlap(found: np.ndarray, meant: np.ndarray) -> float:
    return (found & meant).sum() / (found | meant).sum()


def test_a_face_that_does_nothing_is_in_no_state():
    states = Scene().states()
    assert not states.held.any()
    assert set(labels(states)) == {""}
    assert states.disturbed.max() < 0.2


@pytest.mark.parametrize("fps", [15.0, 25.0, 60.0])
def test_long_closure_is_found_at_any_rate(fps):
    scene = Scene(fps)
    scene.move_lids(4.0, 7.0, 0.045)
    scene.show_skin(4.04, 6.96)
    states = scene.states()
    assert overlap(states["eyes_closed"], scene.between(4.0, 7.0)) > 0.9
    assert set(labels(states)) == {"", "eyes_closed"}


def test_what_only_looks_like_a_long_closure_is_none():
    slow = Scene()  # a frown presses the lids down
    slow.move_lids(4.0, 7.0, 0.045, ramp=0.8)
    slow.show_skin(4.5, 6.5)
    narrow = Scene()  # eyes that stay eyes
    narrow.move_lids(4.0, 7.0, 0.045)
    short = Scene()
    short.move_lids(4.0, 4.4, 0.045)
    short.show_skin(4.04, 4.36)
    wink = Scene()
    wink.displacement[wink.between(4.0, 7.0), UPPER[0], 1] += 0.045
    wink.show_skin(4.0, 7.0)
    turn = Scene()  # the nose moves along
    turn.move_lids(4.0, 7.0, 0.045)
    turn.show_skin(4.04, 6.96)
    turn.displacement[turn.between(4.0, 7.0)[:, None] & np.isin(range(37), NOSE), 1] -= 0.12
    for scene in (slow, narrow, short, wink, turn):
        assert not scene.states()["eyes_closed"].any()


def test_head_turn_from_flow_and_from_key_frames():
    scene = Scene()
    scene.displacement[np.ix_(scene.between(3.0, 5.0), NOSE, [0])] += 0.2
    states = scene.states()
    assert overlap(states["head_turn"], scene.between(3.0, 5.0)) > 0.9
    assert 15 < states.angles[100, 0] < 30
    assert abs(states.angles[100, 1]) < 2

    scene = Scene()  # so far that flow has lost hold of the nose
    for time in range(1, SECONDS):
        scene.keys[round(time * scene.fps)] = scene.landmarks.copy()
    for time in (5, 6, 7):
        scene.keys[round(time * scene.fps)][30, 0] -= 17.0
    states = scene.states()
    assert overlap(states["head_turn"], scene.between(4.4, 7.6)) > 0.85  # between keys: a line
    assert states.angles[150, 0] < -25


def test_a_cut_and_a_face_found_anew_are_told_apart():
    scene = Scene()
    at = 150
    scene.keys[at] = scene.landmarks.copy()
    scene.shift[at:] = 8.0  # crop px
    scene.displacement[at:, :, 0] += 8.0 / 44.0  # the regions do what the alignment did
    states = scene.states()
    assert states["realigned"][at]
    assert states["realigned"].sum() <= 6
    assert not states["cut"].any()

    scene.displacement[at:, :, 0] -= 16.0 / 44.0  # another picture
    states = scene.states()
    assert states["cut"][at] and states["cut"].sum() <= 6
    assert not states["realigned"].any()
    assert labels(states)[at] == "cut"
    assert states.disturbed[at] == 1.0


def test_a_moving_head_is_no_jump():
    scene = Scene()
    scene.shift += np.interp(scene.time, [5.0, 6.0], [0.0, 200.0])
    scene.speed[scene.between(5.0, 6.0)] = 4.5
    states = scene.states()
    assert overlap(states["head_fast"], scene.between(5.0, 6.0)) == 1.0
    assert not (states["cut"] | states["realigned"]).any()


@pytest.mark.parametrize("gain", [0.6, 1.6])
def test_light_is_told_from_lids(gain):
    scene = Scene()
    scene.eyes[scene.between(6.0, SECONDS)] *= gain
    assert scene.states()["light"][150]
    assert scene.states()["light"].sum() < 12
    scene = Scene()
    scene.eyes[scene.between(6.0, SECONDS), :, 0] *= gain  # skin or shadow: contrast changes too
    assert not scene.states()["light"].any()


def test_without_a_face_nothing_else_is_said():
    scene = Scene()
    scene.success[:] = scene.between(0.0, 5.0)
    scene.speed[:] = 9.0
    states = scene.states()
    assert (states["no_face"] == ~scene.success).all()
    assert not states.held[~scene.success][:, 1:].any()
    assert (states.disturbed[~scene.success] == 1.0).all()
    scene.success[:] = False
    assert (labels(scene.states()) == "no_face").all()


def test_blinks_are_states_and_states_are_reproducible():
    scene = Scene()
    scene.blink[scene.between(2.0, 2.2)] = 0.9
    scene.blink[scene.between(4.0, 4.2)] = 0.3  # never more than half shut
    first, second = scene.states(), scene.states()
    assert (first["blink"] == scene.between(2.0, 2.2)).all()
    for field in dataclasses.fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
    assert first.names == NAMES


def test_a_single_crop_has_states():
    scene = Scene()
    for name in ("time", "displacement", "eyes", "blink", "speed", "success", "shift"):
        setattr(scene, name, getattr(scene, name)[:1])
    assert not scene.states().held.any()
