"""Whatever a face does is among the stretches, and a face that does nothing has none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.flow.bumps import Bumps
from mespot.flow.channels import AWAY, NAMES, channels_of
from mespot.flow.proposals import LONGEST, SHORTEST, Proposals, propose
from tests.flow.plain import bump, moving, plain_signals, up

NONE = np.empty(0, np.int64)
NO_BUMPS = Bumps(NONE, NONE, np.empty(0), np.empty(0))
SECONDS, MOUTH = 20.0, "lip_corner"
# what the corners of the mouth do: its parts (start, end, ramp in s, height in IOD), and what of it
# has to be found (s)
STORIES = {
    "bump": ([(8, 9, 0.3, 0.05)], [(8, 9)]),
    "brief bump": ([(8, 8.3, 0.12, 0.02)], [(8, 8.3)]),
    "hold to the end": ([(14, 30, 0.4, 0.05)], [(14, 20)]),
    "hold from before the video": ([(-3, 4, 0.4, 0.05)], [(0, 4)]),
    "step to a new rest": ([(8, 9.5, 0.3, 0.06), (9.2, 50, 0.3, 0.03)], [(8, 9.5)]),
    "two in a row": ([(8, 9, 0.4, 0.05), (9, 10, 0.4, 0.05)], [(8, 9), (9, 10)]),
    "small on large": ([(4, 16, 5, 0.2), (9, 9.4, 0.15, 0.015)], [(4, 16), (9, 9.4)]),
    "small on a flank": ([(4, 16, 5, 0.2), (6.5, 6.9, 0.15, 0.015)], [(6.5, 6.9)]),
}


def clock(fps: float) -> np.ndarray:
    return np.arange(round(SECONDS * fps)) / fps


def told(story: str, fps: float, **more):
    """Signals in which the corners of the mouth go up as the story says."""
    time = clock(fps)
    return moving(time, **{MOUTH: up(sum(bump(time, *part) for part in STORIES[story][0]))}, **more)


def proposed(signals, bumps: Bumps = NO_BUMPS) -> Proposals:
    return propose(channels_of(signals), bumps, signals.step)


def best(found: Proposals, first: int, last: int) -> float:
    """Highest IoU with samples ``first`` to ``last``."""
    both = np.minimum(found.last, last) - np.maximum(found.first, first) + 1
    either = np.maximum(found.last, last) - np.minimum(found.first, first) + 1
    return float((both / either).max(initial=0.0))


def rows(found: Proposals, channel: str, sign: int = 1) -> set[tuple[int, int, int]]:
    """First, last, sign of the stretches of a channel, the sign turned round if it is -1."""
    own = found.part(found.channel == NAMES.index(channel))
    return set(zip(own.first.tolist(), own.last.tolist(), (sign * own.sign).tolist(), strict=True))


@pytest.mark.parametrize("fps", [25.0, 100.0])
@pytest.mark.parametrize("story", STORIES)
def test_whatever_is_done_is_a_stretch_of_the_channel_that_does_it(story, fps):
    found = proposed(told(story, fps))
    rises = found.part((found.channel == NAMES.index("corner_up")) & (found.sign == 1))
    for start, end in STORIES[story][1]:
        assert best(rises, round(start * fps), round(end * fps) - 1) >= 0.7, (start, end)


@pytest.mark.parametrize("noise", [0.0, 5e-4])
def test_a_face_that_does_nothing_has_no_stretches(noise):
    assert len(proposed(moving(clock(25.0), noise=noise))) == 0
    resting_elsewhere = moving(clock(25.0), noise=noise, chin=np.full((500, 2), 0.2))
    assert len(proposed(resting_elsewhere)) == 0


def test_stretches_are_in_order_in_bounds_and_once_each():
    signals = told("small on large", 50.0)
    found = proposed(signals)
    assert 20 < len(found) < 2000
    assert (np.diff(found.first) >= 0).all()
    assert found.first.min() >= 0 and found.last.max() < len(signals.time)
    seconds = (found.last - found.first + 1) * signals.step
    assert seconds.min() >= SHORTEST - 1e-9 and seconds.max() <= LONGEST + 1e-9
    assert {
        field.name: getattr(found, field.name).dtype.kind for field in dataclasses.fields(found)
    }
    assert set(np.unique(found.sign)) == {-1, 1}
    assert (found.sign[found.channel >= NAMES.index(AWAY[0])] == 1).all()
    table = np.stack([found.first, found.last, found.sign, found.channel], axis=1)
    assert len(np.unique(table, axis=0)) == len(table)


def test_no_rest_level_is_assumed_and_down_is_like_up():
    signals = told("small on large", 50.0)
    found = proposed(signals)
    shift = np.float32(0.25)  # of what the camera sees of a face at rest
    elsewhere = proposed(dataclasses.replace(signals, displacement=signals.displacement + shift))
    turned = proposed(dataclasses.replace(signals, displacement=-signals.displacement))
    for others, sign in ((elsewhere, 1), (turned, -1)):
        one, other = rows(found, "corner_up"), rows(others, "corner_up", sign)
        assert len(one) > 5
        assert len(one & other) >= 0.9 * max(len(one), len(other)), sign


def test_the_number_of_stretches_does_not_depend_on_the_rate():
    counts = [len(proposed(told("two in a row", fps, noise=0.0))) for fps in (25, 50, 100, 200)]
    assert max(counts) < 1.3 * min(counts), counts


def test_each_bump_is_a_stretch_of_the_channel_that_moves_most():
    signals = told("bump", 25.0)
    bumps = Bumps(np.array([200]), np.array([224]), np.array([0.9]), np.array([20.0]))
    found, without = proposed(signals, bumps), proposed(signals)
    assert len(found) == len(without) + 1
    hit = (found.first == 200) & (found.last == 224) & (found.channel == NAMES.index("corner_up"))
    assert (found.sign[hit] == 1).any()
    down = dataclasses.replace(signals, displacement=-signals.displacement)
    found = proposed(down, bumps)
    hit = (found.first == 200) & (found.last == 224) & (found.channel == NAMES.index("corner_up"))
    assert (found.sign[hit] == -1).any()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_samples_are_no_fault(count):
    signals = plain_signals(np.arange(count) / 25.0)
    assert len(proposed(signals)) == 0
