from __future__ import annotations

import logging

import numpy as np
import pytest

from mespot.speech.sound import RATE, read_sound

from .sounds import hush, tone, write_talkie


def whole(track, seconds=2.0):
    return np.concatenate([*track.blocks(seconds), np.zeros(0)])


def begin(sound):
    """Time of the first loud sample, s."""
    return int(np.argmax(np.abs(sound) > 0.1)) / RATE


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2), (8_000, 1)])
def test_sound_is_mono_at_16_khz_and_keeps_its_level(tmp_path, rate, channels):
    path = write_talkie(tmp_path / "a.mkv", [(0, tone(2, rate))], rate=rate, channels=channels)
    sound = whole(read_sound(path))
    assert abs(len(sound) - 2 * RATE) <= 1
    assert np.abs(sound[1000:-1000]).max() == pytest.approx(0.5, abs=0.02)
    strongest = np.abs(np.fft.rfft(sound)).argmax() / 2
    assert strongest == pytest.approx(440, abs=1)


@pytest.mark.parametrize(
    ("video_start", "sound_start", "expected"), [(0, 0.7, 0.7), (0.4, 0.7, 0.3), (1.0, 0.0, 0.0)]
)
def test_time_zero_is_the_first_frame(tmp_path, video_start, sound_start, expected):
    sounds = [(sound_start, tone(1.2))]
    path = write_talkie(tmp_path / "a.mkv", sounds, video_start=video_start)
    track = read_sound(path)
    sound = whole(track)
    assert begin(sound) == pytest.approx(expected, abs=0.003)
    ends = sound_start + 1.2 - video_start
    assert len(sound) / RATE == pytest.approx(ends, abs=0.003)
    assert track.heard == pytest.approx(ends - expected, abs=0.003)


def test_a_pause_in_the_track_is_silence_and_what_follows_stays_in_time(tmp_path):
    path = write_talkie(tmp_path / "a.mkv", [(0, hush(0.5)), (1.3, tone(0.5))])
    track = read_sound(path)
    sound = whole(track)
    assert begin(sound) == pytest.approx(1.3, abs=0.003)
    assert not sound[round(0.55 * RATE) : round(1.25 * RATE)].any()
    assert track.heard == pytest.approx(1.0, abs=0.005)


def test_a_leap_of_hours_is_a_broken_time_stamp(tmp_path):
    path = write_talkie(tmp_path / "a.mkv", [(0, hush(0.5)), (7200, tone(0.5))])
    assert begin(whole(read_sound(path))) == pytest.approx(0.5, abs=0.003)


def test_it_stops_where_the_video_ends_in_blocks_of_bounded_length(tmp_path):
    path = write_talkie(tmp_path / "a.mkv", [(8.0, tone(3.0))], seconds=10)
    blocks = list(read_sound(path).blocks(9.5))
    assert sum(map(len, blocks)) == round(9.5 * RATE)
    assert max(map(len, blocks)) <= RATE


def test_what_has_no_sound(tmp_path, caplog):
    silent = write_talkie(tmp_path / "a.mkv", [])
    with caplog.at_level(logging.WARNING):
        assert read_sound(silent) is None
        assert read_sound(tmp_path) is None
    assert not caplog.records
    (tmp_path / "b.mkv").write_bytes(b"no video")
    with caplog.at_level(logging.WARNING):
        assert read_sound(tmp_path / "b.mkv") is None
    assert len(caplog.records) == 1 and "b.mkv" in caplog.text
