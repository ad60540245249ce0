from __future__ import annotations

import numpy as np
import pytest

from mespot.speech.visual import visual_speech, with_voice

RNG = np.random.default_rng(3)


def times(rate, seconds=10.0):
    return np.arange(round(seconds * rate)) / rate


def syllables(time, begin=3.0, end=7.0):
    """Mouth opening of 0.05 IOD, about four times a second, each one different."""
    part = (time >= begin) & (time <= end)
    phase = 2 * np.pi * (4 * time + 0.3 * np.sin(2 * np.pi * 0.7 * time))
    return part * 0.05 * np.sin(phase)


def grain(count):
    return RNG.normal(0, 0.0005, count)


@pytest.mark.parametrize("rate", [12, 25, 60, 200])
def test_syllables_are_speech_from_first_to_last(rate):
    time = times(rate)
    lips = syllables(time) + grain(len(time))
    speech = visual_speech(lips, 0.7 * lips + 3.0, 1 / rate)
    assert speech.shape == time.shape and speech.dtype == np.float32
    found = np.flatnonzero(speech > 0.5)
    assert time[found[0]] == pytest.approx(3.0, abs=0.6)
    assert time[found[-1]] == pytest.approx(7.0, abs=0.6)
    assert (speech[(time > 4) & (time < 6)] > 0.5).all()
    assert (speech[(time < 2) | (time > 8)] < 0.1).all()


@pytest.mark.parametrize("rate", [25, 100])
@pytest.mark.parametrize("seconds", [0.15, 0.4, 1.0])
def test_a_single_movement_is_no_speech(rate, seconds):
    time = times(rate)
    bump = 0.3 * np.exp(-0.5 * ((time - 5) / (seconds / 2)) ** 2)
    lips, jaw = bump + grain(len(time)), 0.8 * bump + grain(len(time))
    assert visual_speech(lips, jaw, 1 / rate).max() < 0.5


def test_rest_and_slow_movement_are_no_speech():
    time = times(25)
    still = grain(len(time))
    assert visual_speech(still, grain(len(time)), 1 / 25).max() < 0.1
    slow = 0.3 * np.sin(2 * np.pi * 0.5 * time) + still
    assert visual_speech(slow, slow, 1 / 25).max() < 0.1


def test_too_few_frames_show_nothing():
    assert visual_speech(np.zeros(2), np.zeros(2), 0.04).tolist() == [0, 0]
    assert not visual_speech(syllables(times(5)), syllables(times(5)), 0.2).any()
    short = syllables(times(25, 1.0), 0, 1)  # all of a clip of one second
    assert visual_speech(short, short, 0.04).min() > 0.5


def test_voice_shifts_the_odds_and_overrules_nothing():
    visual = np.array([0.01, 0.4, 0.4, 0.6, 0.99], dtype=np.float32).repeat(50)
    voice = np.array([1.0, 1.0, 0.0, 0.0, 0.0], dtype=np.float32).repeat(50)
    both = with_voice(visual, voice, 0.04).reshape(5, 50)[:, 25]
    assert ((both > 0.5) == [False, True, False, False, True]).all()
    assert np.array_equal(with_voice(visual, None, 0.04), visual)


def test_a_pause_between_words_counts_as_voice():
    voice = np.ones(100, dtype=np.float32)
    voice[50:55] = 0.0  # 0.2 s
    voice[70:90] = 0.0  # 0.8 s
    both = with_voice(np.full(100, 0.5, dtype=np.float32), voice, 0.04)
    assert both[52] > 0.8 and both[80] < 0.2
