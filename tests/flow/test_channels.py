"""Channels have the direction that their name says, and none goes without a cause."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.flow.actions import make_actions
from mespot.flow.channels import AWAY, MEASURED, NAMES, channels_of
from tests.flow.plain import REGIONS, bump, moving, plain_signals, up

STEP = 1 / 25
TIME = np.arange(0, 10, STEP)
WAVE = bump(TIME, 4.0, 6.0, 0.4, 1.0)
HELD = (TIME > 4.6) & (TIME < 5.4)


def signals_of(moves: dict[str, tuple[float, float]], noise: float = 0.0):
    """Regions, by the beginning of their names, go to a place (x, y) and back."""
    waves = {name: WAVE[:, None] * np.array(place) for name, place in moves.items()}
    return moving(TIME, noise=noise, **waves)


def held(moves: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Channels in the middle of a hold, those that stay at rest left out."""
    values = channels_of(signals_of(moves)).values[HELD].mean(axis=0)
    return {name: value for name, value in zip(NAMES, values, strict=True) if abs(value) > 1e-6}


RAISED = (0.0, -0.1)  # y is down in the picture
# what the face does, by what its regions do: the channels that it raises, and those that it lowers
DEEDS = {
    "brow raise": ({"brow": RAISED}, {"brow_r", "brow_l", "brow", "inner"}, set()),
    "right brow raise": (
        {f"brow_{part}_r": RAISED for part in ("inner", "mid", "outer")},
        {"brow_r", "brow", "inner"}, set(),
    ),
    "brow lower": ({"brow": (0.0, 0.1), "glabella": (0.0, 0.1)}, set(),
        {"brow_r", "brow_l", "brow", "inner"}),
    "frown": ({"brow_inner_r": (0.1, 0.0), "brow_inner_l": (-0.1, 0.0)}, {"pinch"}, set()),
    "smile": (
        {"lip_corner_r": (-0.1, -0.1), "lip_corner_l": (0.1, -0.1)},
        {"corner_out", "corner_up", "smile_r", "smile_l"}, set(),
    ),
    "smile of the left": (
        {"lip_corner_l": (0.1, -0.1)},
        {"corner_out", "corner_up", "smile_l", "mouth_x"}, set(),
    ),
    "corners down": ({"lip_corner": (0.0, 0.1)}, set(), {"corner_up", "smile_r", "smile_l"}),
    "lips part": (
        {"lower_lip": (0.0, 0.1), "upper_lip": RAISED}, {"lips", "lower_lip", "upper_lip"}, set(),
    ),
    "jaw drop": (
        {"lower_lip": (0.0, 0.1), "chin": (0.0, 0.1)}, {"lips", "lower_lip", "chin"}, set(),
    ),
    "lips pressed": (
        {"lower_lip": (0.0, -0.1), "upper_lip": (0.0, 0.1)},
        set(), {"lips", "lower_lip", "upper_lip"},
    ),
    "cheek raise": ({"cheek": RAISED, "infraorbital": RAISED}, {"cheek"}, set()),
    "nose wrinkle": ({"nose_wing": RAISED}, {"wing"}, set()),
    "wide eyes": ({"lid_upper": RAISED}, {"lid"}, set()),
    "lid tighten": ({"lid_lower": RAISED}, {"lower_lid"}, set()),
}  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS)
def test_channels_go_the_way_that_they_are_called(deed):
    moves, raised, lowered = DEEDS[deed]
    found = {name: value for name, value in held(moves).items() if name in MEASURED}
    assert {name for name, value in found.items() if value > 0.0} == raised
    assert {name for name, value in found.items() if value < 0.0} == lowered


def test_channels_are_lengths():
    found = held({"brow": RAISED, "lip_corner_r": (-0.1, 0.0), "lip_corner_l": (0.1, 0.0)})
    assert found["brow"] == found["brow_r"] == found["brow_l"] == pytest.approx(0.1, rel=1e-3)
    assert found["corner_out"] == pytest.approx(0.1, rel=1e-3)
    assert held({"lower_lip": (0.0, 0.06), "upper_lip": (0.0, -0.04)})["lips"] == pytest.approx(0.1)


def test_every_facial_action_moves_a_channel():
    directions = make_actions()
    facial = np.flatnonzero(directions.trust == 1)
    assert len(facial) > 20
    for index in facial:
        displacement = (WAVE[:, None, None] * 0.1 * directions.weights[index]).astype(np.float32)
        found = channels_of(plain_signals(TIME, displacement=displacement))
        most = np.abs(found.values[HELD, : len(MEASURED)].mean(axis=0)).max()
        assert most > 0.012, directions.names[index]  # the least height of a stretch


def test_away_is_the_second_farthest_region_whatever_its_direction():
    for place in (RAISED, (0.0, 0.1), (0.1, 0.0)):
        found = held({"brow_mid_r": place})
        assert not set(AWAY) & set(found)  # one region alone may be measured wrongly
        found = held({"brow_mid": place})
        assert found["away_upper"] == found["away_any"] == pytest.approx(0.1, rel=0.02)
        assert "away_lower" not in found
    found = held({"lip_corner": RAISED})
    assert found["away_lower"] == found["away_any"] and "away_upper" not in found
    assert not set(AWAY) & set(held({"lid_upper": RAISED}))  # blinks are no expressions
    values = channels_of(signals_of({"chin": RAISED}, noise=1e-3)).values
    assert values[:, len(MEASURED) :].min() >= 0.0


def test_a_place_that_is_usual_is_not_away():
    displacement = np.full((len(TIME), len(REGIONS), 2), 0.2, np.float32)
    found = channels_of(plain_signals(TIME, displacement=displacement))
    np.testing.assert_allclose(found["away_any"], 0.0, atol=1e-6)
    np.testing.assert_allclose(found["brow"], -0.2, atol=1e-6)


def test_talking_and_a_fast_head_make_less_of_the_distance():
    time = np.arange(0, 20, STEP)
    smile = bump(time, 8.0, 12.0, 0.4, 0.1)
    chatter = np.where((time > 8) & (time < 12), 0.03 * np.sin(2 * np.pi * 4.0 * time), 0.0)
    calm, talking = (
        channels_of(moving(time, noise=0.0, lip_corner=up(smile), lower_lip=up(more),
                           upper_lip=up(-more), chin=up(more)))
        for more in (np.zeros_like(time), chatter)
    )  # fmt: skip
    middle = (time > 9) & (time < 11)
    assert calm.mouth_speed[middle].max() < 0.02 < 0.1 < talking.mouth_speed[middle].min()
    assert talking["away_lower"][middle].mean() < 0.5 * calm["away_lower"][middle].mean()
    still = moving(time, noise=0.0, lip_corner=up(smile))
    fast = dataclasses.replace(still, head_motion=np.full(len(time), 3.0, np.float32))
    ratio = channels_of(fast)["away_lower"][middle] / channels_of(still)["away_lower"][middle]
    np.testing.assert_allclose(ratio, 0.5, rtol=1e-6)


@pytest.mark.parametrize("fps", [50.0, 200.0])
def test_channels_do_not_depend_on_the_rate(fps):
    story = [(4.0, 6.0, 0.4, 0.1), (8.0, 8.4, 0.15, 0.03)]
    times = [np.arange(0, 10, 1 / rate) for rate in (25.0, fps)]
    slow, fast = (
        channels_of(moving(time, noise=0.0, brow=up(sum(bump(time, *part) for part in story))))
        for time in times
    )
    for name in ("brow", "away_upper"):
        again = np.interp(times[0], times[1], fast[name])
        assert np.abs(again - slow[name]).max() < 0.004
    assert slow["brow"].max() > 0.095


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_samples_have_channels(count):
    found = channels_of(plain_signals(np.arange(count) * STEP))
    assert found.values.shape == (count, len(NAMES)) and found.mouth_speed.shape == (count,)
    assert not found.values.any()
