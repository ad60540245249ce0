"""What disturbs a recording must not look like an expression, nor hide one before or after it."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack
from mespot.faces.preprocess import preprocess_video
from mespot.flow.branch import flow_video
from mespot.flow.signals import FlowSignals
from mespot.params import load_params
from mespot.synth.identity import make_identity
from mespot.synth.render import Renderer
from tests.flow.scenes import blink, event, script

pytestmark = pytest.mark.slow

PARAMS = load_params()
FPS, SECONDS, SIZE = 25.0, 8.0, 224
# a macro-expression before, a micro-expression after the disturbance between 3 and 5 s
SCRIPT = script(
    SECONDS,
    [event("mae", "smile", 0.8, 1.2, 0.1), event("me", "brow_raise", 6.4, 0.36, 0.035)],
    blinks=[blink(2.5)],
    x=(0.03, 1),
    y=(0.03, 2),
    roll=(0.015, 3),
)
STILL = script(SECONDS)


class Video:
    """The script with a disturbance: a function of time and frame that gives the frame."""

    grey = True
    fps = FPS

    def __init__(self, disturb=lambda time, frame: frame, story=SCRIPT, frames=None) -> None:
        self.frames = frames or int(SECONDS * FPS)
        self._disturb = disturb
        self._renderer = Renderer(make_identity(np.random.default_rng(3)), story, SIZE, True, 1)

    def iterate(self, stride: int = 1):
        for index in range(0, self.frames, stride):
            time = index / FPS
            yield index, self._disturb(time, self._renderer.frame(time, index))


def spot(video, folder):
    """(type, onset s, offset s) of what is found, and the signals."""
    cv2.setNumThreads(1)
    preprocess_video(video, "v", folder, PARAMS.preprocess)
    track = FaceTrack.load(folder / "v.npz")
    signals, table = flow_video(CropReader(folder / "v.zip"), track, PARAMS.flow)
    signals.save(folder / "flow.npz")
    table = table[table["score"] >= 0.5].sort_values("onset")
    found = [(row.type, row.onset / FPS, (row.offset + 1) / FPS) for row in table.itertuples()]
    return found, FlowSignals.load(folder / "flow.npz")


def undisturbed(found) -> None:
    """Both expressions of the script and nothing else are found."""
    assert [kind for kind, *_ in found] == ["mae", "me"], found
    for (_, onset, offset), real in zip(found, SCRIPT.events, strict=True):
        both = min(offset, real.offset) - max(onset, real.onset)
        assert both / (max(offset, real.offset) - min(onset, real.onset)) > 0.65, found


def between(time) -> bool:
    return 3.0 <= time < 5.0


def wall(frame):
    return np.full_like(frame, 120) + (np.indices(frame.shape).sum(axis=0) % 7).astype(np.uint8)


def test_undisturbed(tmp_path):
    undisturbed(spot(Video(), tmp_path)[0])


def test_no_face_for_two_seconds(tmp_path):
    found, signals = spot(Video(lambda at, f: wall(f) if between(at) else f), tmp_path)
    undisturbed(found)
    inside = (signals.time > 3.1) & (signals.time < 4.9)
    assert (signals.confidence[inside] == 0.0).all() and (signals.strength[inside] == 0.0).all()


def test_half_of_the_face_is_covered(tmp_path):
    def cover(at, frame):
        if between(at):
            frame = frame.copy()
            frame[:, : SIZE // 2] = wall(frame)[:, : SIZE // 2]
        return frame

    undisturbed(spot(Video(cover), tmp_path)[0])


@pytest.mark.parametrize("gain", [0.5, 1.3])
def test_light_is_switched(tmp_path, gain):
    def switch(at, frame):
        return cv2.convertScaleAbs(frame, alpha=gain if between(at) else 1.0)

    undisturbed(spot(Video(switch), tmp_path)[0])


def test_lamp_from_the_side_is_switched_on_for_good(tmp_path):
    ramp = np.linspace(0.6, 1.5, SIZE)[None]

    def switch(at, frame):
        lit = np.clip(frame * ramp, 0, 255).astype(np.uint8)
        return lit if at >= 4.0 else frame

    undisturbed(spot(Video(switch), tmp_path)[0])


def test_face_leaves_the_picture_and_comes_back(tmp_path):
    def leave(at, frame):
        away = int(1.2 * SIZE * np.interp(at, [3.0, 3.6, 4.4, 5.0], [0.0, 1.0, 1.0, 0.0]))
        if not away:
            return frame
        wide = np.concatenate([wall(frame), wall(frame), frame], axis=1)
        start = 2 * SIZE - min(away, 2 * SIZE)
        return np.ascontiguousarray(wide[:, start : start + SIZE])

    undisturbed(spot(Video(leave), tmp_path)[0])


def test_the_larger_of_two_faces_is_followed_and_the_log_says_so(tmp_path, caplog):
    other = Renderer(
        make_identity(np.random.default_rng(8)),
        script(SECONDS, [event("mae", "brow_raise", 3.4, 1.2, 0.12)]),
        SIZE, True, 2,
    )  # fmt: skip

    def join(at, frame):
        small = cv2.resize(other.frame(at, round(at * FPS)), None, fx=0.6, fy=0.6)
        beside = np.full((SIZE, small.shape[1]), 120, np.uint8)
        beside[-len(small) :] = small
        return np.concatenate([frame, beside], axis=1)

    with caplog.at_level(logging.WARNING):
        found, _ = spot(Video(join), tmp_path)
    undisturbed(found)
    assert sum("following the largest" in line for line in caplog.messages) == 1


def test_still_picture_gives_nothing(tmp_path):
    first = next(Video(story=STILL).iterate())[1]
    found, _ = spot(Video(lambda at, frame: first, STILL), tmp_path)
    assert found == []


def test_single_frame_gives_nothing(tmp_path):
    found, signals = spot(Video(frames=1), tmp_path)
    assert found == [] and len(signals.time) == 1


def test_fast_head_lowers_the_confidence(tmp_path):
    shake = script(SECONDS, SCRIPT.events, x=(0.2, 1), y=(0.2, 2))
    _, calm = spot(Video(), tmp_path)
    (tmp_path / "b").mkdir()
    _, fast = spot(Video(story=shake), tmp_path / "b")
    assert fast.confidence.mean() < 0.95 * calm.confidence.mean()
    moving = fast.head_motion > np.quantile(fast.head_motion, 0.8)
    assert fast.confidence[moving].mean() < fast.confidence[~moving].mean()
