"""What describes a stretch is finite whatever happens, and says what happened in it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.flow.channels import NAMES
from mespot.flow.intervals import described
from mespot.flow.proposals import Proposals
from mespot.flow.states import NAMES as STATES
from mespot.params import load_params
from tests.flow.plain import bump, moving, plain_signals, up

PARAMS = load_params().flow
FPS = 25.0
TIME = np.arange(0, 12, 1 / FPS)
EVENT = (5.0, 6.0)  # s


def stretch(*spans: tuple[int, int], channel: str = "corner_up", sign: int = 1) -> Proposals:
    """Stretches of one channel, (first, last) samples each."""
    first, last = np.array(spans, np.int64).reshape(-1, 2).T
    number = NAMES.index(channel)
    return Proposals(first, last, np.full(len(first), sign), np.full(len(first), number))


def features(signals, *spans, **more) -> dict[str, np.ndarray]:
    """All features of some stretches, those of ``EVENT`` if nothing else is asked for."""
    found = described(signals, PARAMS)[1]
    spans = spans or ((round(EVENT[0] * FPS), round(EVENT[1] * FPS) - 1),)
    rows = found.describe(stretch(*spans, **more), found.names)
    return dict(zip(found.names, rows.T, strict=True))


def smiling(height: float = 0.05, seconds: float = 1.0, ramp: float = 0.3, **more):
    """A smile that begins with ``EVENT``."""
    wave = bump(TIME, EVENT[0], EVENT[0] + seconds, ramp, height)
    return moving(TIME, lip_corner=up(wave), **more)


@pytest.fixture(scope="module")
def smile():
    return features(smiling())


# --- finite, whatever happens ---------------------------------------------------------------------


def everywhere(count: int) -> list[tuple[int, int]]:
    """Stretches at the ends, of the whole video, of one sample and in the middle."""
    half, last = count // 2, count - 1
    return [(0, 0), (0, last), (last, last), (half, half), (0, half), (half, last), (1, last - 1)]


@pytest.mark.parametrize("count", [5, 6, 40, 300])
@pytest.mark.parametrize("noise", [0.0, 5e-4])
@pytest.mark.parametrize("channel", ["corner_up", "away_any"])
def test_features_are_finite(count, noise, channel):
    signals = moving(np.arange(count) / FPS, noise=noise)
    for sign in (1, -1):
        for name, values in features(
            signals, *everywhere(count), channel=channel, sign=sign
        ).items():
            assert np.isfinite(values).all(), name


def test_features_are_finite_on_wild_signals():
    count = len(TIME)
    rng = np.random.default_rng(1)
    shut = (rng.random(count) > 0.5).astype(np.float32)
    signals = dataclasses.replace(
        moving(TIME, noise=3.0), blink=shut, speech=shut, disturbed=shut, confidence=1 - shut,
        head_motion=100 * shut, states=np.ones((count, len(STATES)), bool),
        pose=rng.normal(0, 50, (count, 6)).astype(np.float32),
        angles=rng.normal(0, 90, (count, 2)).astype(np.float32),
    )  # fmt: skip
    for name, values in features(signals, *everywhere(count)).items():
        assert np.isfinite(values).all(), name


def test_a_face_that_is_seen_once_is_no_fault():
    seen = np.zeros(len(TIME), np.float32)
    seen[100] = 1.0
    for values in features(dataclasses.replace(smiling(), confidence=seen)).values():
        assert np.isfinite(values).all()


# --- names ----------------------------------------------------------------------------------------


def test_names_are_unique_and_columns_are_in_the_order_asked_for():
    found = described(smiling(), PARAMS)[1]
    names = found.names
    assert len(set(names)) == len(names) > 100
    some = stretch((125, 149), (10, 60))
    whole = found.describe(some, names)
    assert whole.shape == (2, len(names)) and whole.dtype == np.float32
    asked = ("rise", "log_seconds", "confidence")
    columns = [names.index(name) for name in asked]
    np.testing.assert_array_equal(found.describe(some, asked), whole[:, columns])
    assert found.describe(stretch(), names).shape == (0, len(names))


def test_names_do_not_depend_on_the_video():
    other = plain_signals(np.arange(7) / 60.0)
    assert described(other, PARAMS)[1].names == described(smiling(), PARAMS)[1].names


def test_an_unknown_name_is_one_line():
    found = described(smiling(), PARAMS)[1]
    with pytest.raises(MespotError, match="'nonsense' is not known") as error:
        found.describe(stretch((125, 149)), ("rise", "nonsense"))
    assert "\n" not in str(error.value)


def test_each_stretch_is_described_by_itself():
    signals = smiling()
    stretches, found = described(signals, PARAMS)
    whole = found.describe(stretches, found.names)
    assert len(stretches) > 50
    some = np.random.default_rng(0).permutation(len(stretches))[:40]
    np.testing.assert_array_equal(found.describe(stretches.part(some), found.names), whole[some])


# --- what they say --------------------------------------------------------------------------------


def test_a_stronger_bump_rises_farther(smile):
    twice = features(smiling(0.1))
    for name in ("rise", "fall", "rise_least", "onset_speed", "lower_there", "lower_back"):
        assert twice[name] == pytest.approx(2.0 * smile[name], rel=0.05), name
    assert smile["rise"] == pytest.approx(0.05, rel=0.1)
    assert smile["corner_up_from_before"] == pytest.approx(0.05, rel=0.15)
    assert twice["bump"] > smile["bump"] > 0.0
    assert smile["upper_there"] < 0.1 * smile["lower_there"]


def test_a_longer_one_has_more_seconds(smile):
    span = (round(EVENT[0] * FPS), round(EVENT[0] * FPS) + round(2 * FPS) - 1)
    longer = features(smiling(seconds=2.0), span)
    assert longer["log_seconds"] - smile["log_seconds"] == pytest.approx(np.log(2.0), abs=0.01)
    assert smile["log_seconds"] == pytest.approx(0.0, abs=0.01)
    assert longer["hold"] >= smile["hold"] - 0.05


def test_a_slower_onset_has_less_speed(smile):
    slow = features(smiling(ramp=0.5))
    assert slow["onset_speed"] < 0.8 * smile["onset_speed"]
    assert slow["onset_rate"] < 0.8 * smile["onset_rate"]
    assert smile["onset_rate"] == pytest.approx(smile["offset_rate"], rel=0.1)


def test_a_new_rest_rises_and_does_not_fall(smile):
    step = features(moving(TIME, lip_corner=up(bump(TIME, 5.0, 30.0, 0.3, 0.05))))
    assert step["rise"] == pytest.approx(smile["rise"], rel=0.1)
    assert step["fall"] < 0.1 * smile["fall"]
    assert step["lower_new_rest"] > 1.0 > smile["lower_new_rest"]
    assert step["lower_rest_after"] > 5.0 * smile["lower_rest_after"]


def test_a_channel_that_goes_down_is_described_like_one_that_goes_up():
    wave = bump(TIME, *EVENT, 0.3, 0.05)
    above = features(moving(TIME, noise=0.0, lip_corner=up(wave)))
    below = features(moving(TIME, noise=0.0, lip_corner=-up(wave)), sign=-1)
    for name in ("rise", "fall", "hold", "dip", "onset_speed", "of_spread", "before_usual"):
        np.testing.assert_allclose(below[name], above[name], atol=1e-6, err_msg=name)
    assert (above["direction"], below["direction"]) == (1.0, -1.0)
    assert below["corner_up_from_before"] == pytest.approx(-above["corner_up_from_before"])
    assert above["is_corner_up"] == 1.0 and above["is_brow"] == 0.0


def test_the_ends_of_the_video_are_told():
    count = len(TIME)
    found = features(smiling(), (0, 30), (1, 30), (2, 30), (100, count - 2), (100, count - 4))
    np.testing.assert_array_equal(found["from_begin"], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(found["to_end"], [0, 0, 0, 1, 0])


def test_what_goes_on_meanwhile_is_told(smile):
    inside = (TIME >= EVENT[0] - 1e-9) & (TIME < EVENT[1] - 1e-9)
    held = np.zeros((len(TIME), len(STATES)), bool)
    held[inside, STATES.index("head_turn")] = True
    held[inside, STATES.index("eyes_closed")] = True
    own = inside.astype(np.float32)
    angles = np.stack([20.0 * own, -10.0 * own], axis=1)
    pose = np.zeros((len(TIME), 6), np.float32)
    pose[:, 2] = 0.1 * own
    found = features(dataclasses.replace(
        smiling(), speech=own, disturbed=own, states=held, angles=angles, pose=pose,
        confidence=1.0 - 0.5 * own,
    ))  # fmt: skip
    wanted = {
        "speech_inside": 1.0, "speech_before": 0.0, "speech_after": 0.0, "disturbed_inside": 1.0,
        "disturbed_before": 0.0, "head_turn_inside": 1.0, "eyes_closed_inside": 1.0,
        "eyes_closed_after": 0.0, "head_fast_inside": 0.0, "turned_from_before": 20.0,
        "nodded_from_after": 10.0, "turned_off": 20.0, "confidence": 0.5, "jumps": 0.0,
    }  # fmt: skip
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-5), name
    assert found["roll_from_before"] == pytest.approx(0.1, rel=0.1)
    for name in ("speech_inside", "head_turn_inside", "turned_off", "roll_from_before"):
        assert smile[name] == 0.0, name


def test_a_jump_at_an_edge_counts():
    held = np.zeros((len(TIME), len(STATES)), bool)
    held[123, STATES.index("cut")] = True  # the stretch begins at 125
    near = dataclasses.replace(smiling(), states=held)
    assert features(near)["jumps"] > 0.0
    assert features(near, (130, 149))["jumps"] == 0.0


def test_features_do_not_depend_on_the_rate(smile):
    time = np.arange(0, 12, 1 / 100)
    fast = moving(time, lip_corner=up(bump(time, *EVENT, 0.3, 0.05)))
    found = features(fast, (500, 599))
    for name in ("log_seconds", "rise", "fall", "hold", "onset_speed", "lower_there",
                 "corner_up_from_before", "away_lower_middle"):  # fmt: skip
        assert found[name] == pytest.approx(smile[name], rel=0.12, abs=0.02), name


def test_the_face_itself_is_described_from_its_geometry(smile):
    wide = np.array([0.1, 0.5, 0.05, 0.35], np.float32)
    found = features(dataclasses.replace(smiling(), geometry=wide))
    for part in ("before", "middle", "after"):
        for name, more in (("lips", 0.1), ("corner_out", 0.1), ("corner_up", 0.0), ("brow", 0.0)):
            own = f"face_{name}_{part}"
            assert found[own] - smile[own] == pytest.approx(more, abs=1e-6), own
    assert smile["face_corner_up_before"] == pytest.approx(0.05, abs=0.01)
    assert smile["face_corner_up_middle"] == pytest.approx(0.1, abs=0.01)
