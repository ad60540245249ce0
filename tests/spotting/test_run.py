"""Spotting of one video as a whole: processes, memory, detections, failures, interruption."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.core.timing import Timing
from mespot.core.worker_pool import WorkerPool
from mespot.crops.grey_store import CropFile
from mespot.faces.detector import DlibDetector
from mespot.flow import branch as spot_stage
from mespot.flow.estimate import make_flow
from mespot.flow.intervals import empty_table
from mespot.params import load_params
from mespot.spotting import run as module
from mespot.spotting.video import analyse_video, flow_sized
from mespot.synth.identity import make_identity
from mespot.synth.render import render
from mespot.synth.script import make_script

pytestmark = pytest.mark.slow

PARAMS = load_params(Path(__file__).resolve().parents[2] / "params.yaml")
FPS = 30.0


@pytest.fixture(scope="module")
def pictures():
    """One second of a face, grey (192, 192)."""
    rng = np.random.default_rng(5)
    identity = make_identity(rng)
    return list(render(identity, make_script(rng, 1.0, "easy", 0, 0), FPS, 192, True, 1))


class Video:
    """The pictures to and fro; counts how many frames are alive at once."""

    fps, grey, numbers = FPS, True, None

    def __init__(self, pictures, frames, broken=-1):
        self.frames, self.broken, self.most, self._alive = frames, broken, 0, 0
        self._order = [*pictures, *pictures[-2:0:-1]]

    def iterate(self, stride=1):
        for index in range(0, self.frames, stride):
            if index == self.broken:
                raise MespotError(f"v.mp4: frame {index} cannot be read")
            frame = self._order[index % len(self._order)].copy()
            self._alive += 1
            self.most = max(self.most, self._alive)
            weakref.finalize(frame, self._gone)
            yield index, frame

    def _gone(self):
        self._alive -= 1


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """`spot` with a video in memory for its file."""

    def call(video, out, jobs=2, **more):
        monkeypatch.setattr(module, "open_frames", lambda *_: video)
        monkeypatch.setattr("mespot.spotting.video.open_grey", lambda *_: video)
        params = PARAMS.model_copy(update={"jobs": jobs})
        return module.spot([module.Input("v", tmp_path / "v.mp4", None)], out, params, **more)

    return call


def test_any_number_of_processes_gives_the_same_bytes(opened, pictures, tmp_path):
    for jobs in (1, 3):
        opened(Video(pictures, 70), tmp_path / str(jobs), jobs)
    for name in ("intervals.csv", "v/frames.csv", "v/timeline.png"):
        files = [(tmp_path / str(jobs) / name).read_bytes() for jobs in (1, 3)]
        assert files[0] == files[1]


def test_frames_in_memory_and_detections_do_not_grow_with_length(pictures, tmp_path, monkeypatch):
    most, calls = [], []
    detect = DlibDetector.detect
    monkeypatch.setattr(DlibDetector, "detect", lambda *words: calls.append(1) or detect(*words))
    for frames in (60, 180):
        work = tmp_path / str(frames)
        work.mkdir()
        video = Video(pictures, frames)
        calls.clear()
        with WorkerPool(2) as workers:
            analyse_video(video, "v", CropFile(work, "v", False), PARAMS, workers=workers)
        most.append(video.most)
        assert len(calls) <= 1 + frames / FPS / PARAMS.preprocess.detect_every
        size = flow_sized(PARAMS).crop_size
        assert (work / "v.grey").stat().st_size == frames * size**2
    assert max(most) <= 12


def test_a_failure_in_the_middle_is_raised_and_leaves_nothing(opened, pictures, tmp_path):
    before = threading.active_count()
    with pytest.raises(MespotError, match="frame 20 cannot be read"):
        opened(Video(pictures, 60, broken=20), tmp_path / "out")
    assert threading.active_count() == before
    assert list((tmp_path / "out" / "v").iterdir()) == []


@pytest.mark.parametrize("error", [RuntimeError("flow broke"), KeyboardInterrupt()])
def test_an_interruption_of_the_flow_cleans_up(opened, pictures, tmp_path, monkeypatch, error):
    def broken():
        def flow(_reference, _frame):
            raise error

        return flow

    monkeypatch.setattr("mespot.flow.remote.make_flow", broken)  # before it is forked
    before = threading.active_count()
    with pytest.raises(type(error)):
        opened(Video(pictures, 40), tmp_path / "out")
    assert threading.active_count() == before
    assert list((tmp_path / "out" / "v").iterdir()) == []


def test_processes_that_measure_meanwhile_give_the_same_bytes_as_none(pictures, tmp_path):
    flow = PARAMS.flow.model_copy(update={"stretch": 0.7, "overlap": 0.2})
    params, found = PARAMS.model_copy(update={"flow": flow}), []
    for count in (0, 2):
        work = tmp_path / str(count)
        work.mkdir()
        crops = CropFile(work, "v", False)
        with WorkerPool(count) as workers:
            analysis = analyse_video(Video(pictures, 70), "v", crops, params, workers=workers)
        analysis.signals.save(work / "signals.npz")
        # and when all crops are there, as in the pipeline
        signals, _ = spot_stage.flow_video(crops.open(analysis.face.size), analysis.face, flow)
        signals.save(work / "later.npz")
        found += [(work / f"{name}.npz").read_bytes() for name in ("signals", "later")]
    assert len(set(found)) == 1


def test_a_killed_process_costs_no_video(opened, pictures, tmp_path, monkeypatch, caplog):
    own, whole = os.getpid(), make_flow

    def deadly():
        if os.getpid() != own:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole()

    opened(Video(pictures, 40), tmp_path / "alone", 1)
    monkeypatch.setattr("mespot.flow.remote.make_flow", deadly)  # before it is forked
    opened(Video(pictures, 40), tmp_path / "helped", 2)
    assert "killed" in caplog.text
    for name in ("intervals.csv", "v/frames.csv"):
        files = [(tmp_path / folder / name).read_bytes() for folder in ("alone", "helped")]
        assert files[0] == files[1]


def test_speech_is_marked_dropped_or_not_known_to_the_search(
    opened, pictures, tmp_path, monkeypatch
):
    """Whoever speaks does so from frame 30 on; one interval lies before, one after."""
    whole, told = spot_stage.refine, []

    def talking(*words):
        signals = whole(*words)
        return dataclasses.replace(signals, speech=(signals.frame >= 30).astype(np.float32))

    def found(signals, params):
        told.append(signals.speech.max())
        rows = [{"onset": 5, "offset": 14}, {"onset": 28, "offset": 37}]
        table = pd.DataFrame(rows).assign(video="", type="me", score=0.9)
        return pd.concat([empty_table(), table])[list(empty_table().columns)]

    monkeypatch.setattr(spot_stage, "refine", talking)
    monkeypatch.setattr(spot_stage, "find_intervals", found)
    for speech, shares in (("mark", [0.0, 0.8]), ("expressions", [0.0, 0.8]), ("drop", [0.0])):
        table = opened(Video(pictures, 60), tmp_path / speech, 1, speech=speech)
        assert table["speech"].tolist() == shares
        stored = pd.read_csv(tmp_path / speech / "intervals.csv")
        assert stored["speech"].tolist() == shares
        frames = pd.read_csv(tmp_path / speech / "v" / "frames.csv")["speech"]
        assert frames.tolist() == [0.0] * 30 + [1.0] * 30
        page = (tmp_path / speech / "report.html").read_text()
        assert ("more than half is spoken are left out" in page) == (speech == "drop")
    assert told == [1.0, 0.0, 1.0]


def test_a_short_clip_without_a_stated_rest_says_so(opened, pictures, tmp_path, caplog):
    caplog.set_level("INFO")
    opened(Video(pictures, 40), tmp_path / "out", 1)
    assert f"v: {module.REST_UNKNOWN}" in caplog.text
    assert module.REST_UNKNOWN in (tmp_path / "out" / "report.html").read_text()


def test_the_voice_of_a_file_is_heard_beside_the_rest(pictures, tmp_path, monkeypatch):
    calls, given = [], []

    def heard(path, fps, frames):
        calls.append((path, fps, frames))
        return np.ones(frames, np.float32), 0.25

    whole = spot_stage.refine
    monkeypatch.setattr("mespot.spotting.video.hear", heard)
    monkeypatch.setattr(spot_stage, "refine", lambda *words: given.append(words) or whole(*words))
    (tmp_path / "v.mp4").write_bytes(b"")
    timing = Timing()
    for sound in (tmp_path / "v.mp4", tmp_path, None):  # file, folder of frames, nothing
        work = tmp_path / f"work{len(given)}"
        work.mkdir()
        crops = CropFile(work, "v", False)
        analyse_video(Video(pictures, 30), "v", crops, PARAMS, sound=sound, timing=timing)
    assert calls == [(str(tmp_path / "v.mp4"), FPS, 30)]
    assert timing.seconds["voice"] == 0.25
    assert [words[3] is not None for words in given] == [True, False, False]
