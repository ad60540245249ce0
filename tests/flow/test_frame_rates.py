"""One face at many frame rates, and at a variable one, shows the same expressions."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack
from mespot.faces.preprocess import preprocess_video
from mespot.flow.branch import flow_video
from mespot.params import load_params
from mespot.synth.identity import make_identity
from mespot.synth.render import Renderer
from mespot.video.frames import open_frames
from tests.flow.scenes import blink, event, script

pytestmark = pytest.mark.slow

PARAMS = load_params()
FASTEST, SECONDS = 200, 8.2
# a raised brow that is a micro-expression, between two macro-expressions; a blink; a moving head
SCRIPT = script(
    SECONDS,
    [
        event("mae", "smile", 1.0, 1.4, 0.10),
        event("me", "brow_raise", 4.2, 0.36, 0.035),
        event("mae", "brow_raise", 6.2, 1.0, 0.08),
    ],
    blinks=[blink(3.3)],
    x=(0.05, 1),
    y=(0.05, 2),
    roll=(0.03, 3),
)


class Recording:
    """The face as a camera of 200 frames per second saw it; each frame is rendered once."""

    def __init__(self) -> None:
        self._renderer = Renderer(make_identity(np.random.default_rng(3)), SCRIPT, 224, True, 1)
        self._frames: dict[int, np.ndarray] = {}

    def frame(self, number: int) -> np.ndarray:
        if number not in self._frames:
            self._frames[number] = self._renderer.frame(number / FASTEST, number)
        return self._frames[number]


class Thinned:
    """The recording at another frame rate; between its frames the nearest one is taken."""

    grey = True

    def __init__(self, recording: Recording, fps: float) -> None:
        self.recording, self.fps = recording, fps
        self.frames = int(SECONDS * fps)

    def iterate(self, stride: int = 1):
        for index in range(0, self.frames, stride):
            yield index, self.recording.frame(round(index * FASTEST / self.fps))


def intervals(source, folder) -> list[tuple[str, float, float]]:
    """(type, onset s, offset s) of what is found, offset at the end of its frame."""
    preprocess_video(source, "v", folder, PARAMS.preprocess)
    track = FaceTrack.load(folder / "v.npz")
    signals, found = flow_video(CropReader(folder / "v.zip"), track, PARAMS.flow)
    signals.save(folder / "flow.npz")
    found = found[found["score"] >= 0.5].sort_values("onset")
    return [
        (row.type, row.onset / source.fps, (row.offset + 1) / source.fps)
        for row in found.itertuples()
    ]


@pytest.fixture(scope="module")
def recording() -> Recording:
    cv2.setNumThreads(1)
    return Recording()


@pytest.fixture(scope="module")
def fastest(recording, tmp_path_factory):
    return intervals(Thinned(recording, 200.0), tmp_path_factory.mktemp("fastest"))


def shared(one: tuple[str, float, float], other: tuple[str, float, float]) -> float:
    """IoU of two intervals."""
    both = min(one[2], other[2]) - max(one[1], other[1])
    return both / (max(one[2], other[2]) - min(one[1], other[1]))


def same(found, expected, least: float) -> None:
    """The same types in the same order, each with an IoU above ``least``."""
    assert [kind for kind, *_ in found] == [kind for kind, *_ in expected], found
    for one, wanted in zip(found, expected, strict=True):
        assert shared(one, wanted) > least, found


def scripted() -> list[tuple[str, float, float]]:
    return [(one.type, one.envelope.onset, one.envelope.offset) for one in SCRIPT.events]


def right(found, fastest) -> None:
    """What is in the script, and nearly as at the highest rate.

    Stretches that nearly agree place the edges together; at another rate other ones do.
    """
    same(found, scripted(), 0.65)
    same(found, fastest, 0.6)


def test_what_is_in_the_script_is_found(fastest):
    same(fastest, scripted(), 0.7)


@pytest.mark.parametrize("fps", [100.0, 60.0, 50.0, 30.0, 25.0])
def test_every_frame_rate_gives_the_same_intervals(recording, fastest, tmp_path, fps):
    right(intervals(Thinned(recording, fps), tmp_path), fastest)


def test_video_of_variable_frame_rate_gives_the_same_intervals(recording, fastest, tmp_path):
    steps = np.random.default_rng(5).integers(4, 9, 1000)  # 20 to 40 ms
    numbers = np.concatenate([[0], np.cumsum(steps)])
    numbers = numbers[numbers < SECONDS * FASTEST]
    # late in the video the camera misses a quarter of a second between two expressions
    numbers = numbers[(numbers < 5.3 * FASTEST) | (numbers > 5.55 * FASTEST)]
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "8"})
        stream.height, stream.width = recording.frame(0).shape
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, FASTEST)
        for number in numbers:
            frame = av.VideoFrame.from_ndarray(recording.frame(int(number)), format="gray")
            frame.pts, frame.time_base = int(number), Fraction(1, FASTEST)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    source = open_frames(tmp_path / "a.mp4")
    assert source.clock.kind == "variable" and 25 < source.fps < 40
    right(intervals(source, tmp_path), fastest)
