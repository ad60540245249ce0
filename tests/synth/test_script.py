from __future__ import annotations

import numpy as np
import pytest

from mespot.synth.motion import ONSET_LEVEL, visible_envelope
from mespot.synth.script import (
    MAE_AMPLITUDE,
    ME_AMPLITUDE,
    make_script,
    script_events,
)


def draw(seed: int, seconds: float = 30.0, difficulty: str = "planar", me: int = 3, mae: int = 3):
    return make_script(np.random.default_rng(seed), seconds, difficulty, me, mae)


def test_same_seed_same_script():
    times = np.linspace(0, 30, 50)
    a, b, c = draw(1), draw(1), draw(2)
    assert [a.pose(t) for t in times] == [b.pose(t) for t in times]
    assert a.events == b.events and a.blinks == b.blinks
    assert a.events != c.events


def test_envelope_is_visible_exactly_between_onset_and_offset():
    envelope = visible_envelope(1.0, 0.2, 0.1, 0.3)
    assert envelope.onset == pytest.approx(1.0)
    assert envelope.offset == pytest.approx(1.6)
    assert envelope.at(1.0) == pytest.approx(ONSET_LEVEL)
    assert envelope.at(1.6) == pytest.approx(ONSET_LEVEL)
    assert envelope.at(1.25) == 1.0
    assert envelope.at(0.9) == 0.0 and envelope.at(1.7) == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_events_keep_the_definitions_of_the_field(seed):
    script = draw(seed)
    last = 0.0
    for event in script.events:
        length = event.offset - event.onset
        assert event.onset > last
        last = event.offset
        assert event.onset < event.apex < event.offset <= script.seconds
        if event.type == "me":
            assert 0.15 <= length <= 0.5
            assert ME_AMPLITUDE[0] <= event.amplitude <= ME_AMPLITUDE[1]
        else:
            assert 0.5 < length <= 4.0
            assert MAE_AMPLITUDE[0] <= event.amplitude <= MAE_AMPLITUDE[1]
    neutral = script.seconds - sum(event.offset - event.onset for event in script.events)
    assert neutral > 0.35 * script.seconds
    assert {event.type for event in script.events} == {"me", "mae"}


@pytest.mark.parametrize("fps", [25, 30, 60, 100, 200])
def test_frames_are_those_with_visible_movement(fps):
    script = draw(3)
    table = script_events(script, fps)
    assert len(table) == len(script.events)
    for row, event in zip(table.itertuples(), script.events, strict=True):
        level = event.envelope.at
        assert level(row.onset / fps) >= ONSET_LEVEL - 1e-9 > level((row.onset - 1) / fps)
        assert level(row.offset / fps) >= ONSET_LEVEL - 1e-9 > level((row.offset + 1) / fps)
        assert row.onset <= row.apex <= row.offset


def test_short_video_gets_fewer_events_and_keeps_neutral_time():
    script = draw(0, seconds=2.0, me=3, mae=3)
    assert sum(event.offset - event.onset for event in script.events) <= 0.6 * 2.0


def test_blinks_close_completely_and_come_regularly():
    script = draw(5, seconds=60.0)
    assert 10 <= len(script.blinks) <= 40
    for blink in script.blinks:
        assert 0.15 <= blink.end - blink.start <= 0.41
        assert script.lid(blink.top) == 1.0
    assert script.lid(script.blinks[0].start) == 0.0


def test_difficulty_orders_the_head_motion():
    def spread(difficulty):
        return np.std([draw(s, difficulty=difficulty).pose(t).x for s in range(5) for t in (0, 9)])

    assert spread("easy") < 0.5 * spread("planar")
    assert all(draw(1, difficulty="planar").pose(t).yaw == 0.0 for t in (1.0, 2.0))
    turns = [np.degrees(draw(s, difficulty="hard").pose(t).yaw) for s in range(20) for t in (3, 17)]
    assert 1.2 < np.sqrt(np.mean(np.square(turns))) < 2.8
