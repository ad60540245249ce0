from __future__ import annotations

import numpy as np
import pytest

from mespot.flow.actions import ACTIONS, make_actions
from mespot.flow.baseline import neutral_level
from mespot.flow.blinks import closure
from mespot.flow.contrast import two_sided, two_sides
from mespot.flow.evidence import _disturbed
from mespot.flow.filters import BoxMeans, fill_gaps, smooth
from mespot.flow.measurer import same_light
from mespot.flow.nuisance import leak
from mespot.flow.regions import ANCHORS, EXPRESSIVE
from mespot.flow.rigid import design, remove_head
from mespot.synth.portrait import LANDMARKS


@pytest.fixture
def face():
    regions = EXPRESSIVE + ANCHORS
    iod = 44.0
    middle = LANDMARKS[36:48].mean(axis=0)
    centres = np.array([LANDMARKS[list(r.points)].mean(axis=0) for r in regions])
    offsets = np.array([r.offset for r in regions])
    return (centres - middle) / iod + offsets, np.array([r.depth for r in regions])


def test_rigid_motion_is_removed_and_expression_stays(face):
    centres, depths = face
    motion = np.array([0.02, -0.03, 0.01, 0.015, 0.03, -0.02])
    rigid = design(centres, depths) @ motion  # (P, 2)
    own = np.zeros_like(rigid)
    own[3] = (0.0, -0.04)
    fit = remove_head((rigid + own)[None], centres, depths, len(EXPRESSIVE))
    assert np.abs(fit.displacement[0] - own[: len(EXPRESSIVE)]).max() < 1e-3
    assert fit.residual[0] < 1e-3


def test_moving_anchor_does_not_drag_the_head(face):
    centres, depths = face
    seen = np.zeros((1, len(centres), 2))
    seen[0, len(EXPRESSIVE) + 3] = (0.0, -0.05)  # the nose tip alone
    fit = remove_head(seen, centres, depths, len(EXPRESSIVE))
    assert np.abs(fit.displacement).max() < 0.01


def test_box_means_do_not_depend_on_the_rate():
    for rate in (25.0, 50.0, 200.0):
        time = np.arange(0, 4, 1 / rate)
        slope = BoxMeans(time, 1 / rate).mean(-0.13, 0.13)
        inside = (time > 0.5) & (time < 3.5)
        assert np.allclose(slope[inside], time[inside], atol=1e-9)


def test_smoothing_has_no_negative_lobes():
    step = np.repeat([0.0, 1.0, 0.0], 40)
    out = smooth(step, 0.02, 0.3)
    assert out.min() >= -1e-12 and out.max() <= 1.0 + 1e-12
    assert np.isclose(out.sum(), step.sum())


def test_contrast_of_bump_step_and_slope():
    step = 1 / 50
    time = np.arange(0, 6, step)
    bump = np.exp(-0.5 * ((time - 3) / 0.1) ** 2)
    edge = (time > 3).astype(float)
    slope = time * 0.2
    rise, fall = two_sides(BoxMeans(np.stack([bump, -bump, edge, slope]), step), 0.45)
    table = two_sided(rise, fall)
    assert table[0].max() > 0.6 and abs(time[table[0].argmax()] - 3) < 0.03
    assert np.array_equal(table[0], table[1]) and (rise[1] <= 0.0)[table[1] > 0.0].all()
    assert table[2].max() < 0.1 and table.min() == 0.0
    assert table[3, 50:-50].max() < 1e-9


def test_box_means_go_on_at_the_ends_and_know_fractions():
    boxes = BoxMeans(np.array([[1.0, 2.0, 4.0]]), 1.0)
    assert np.allclose(boxes.mean(-0.75, 0.75), [[1.0 + 0.25 / 1.5, 13 / 6, 4.0 - 0.5 / 1.5]])
    assert np.allclose(boxes.mean(-9.0, -5.0), 1.0) and np.allclose(boxes.mean(5.0, 9.0), 4.0)
    assert np.allclose(boxes.mean(-0.1, 0.1), [[1.0, 2.0, 4.0]])  # widened to a sample


def test_neutral_of_a_short_video_that_is_mostly_expression():
    time = np.arange(0, 4.2, 0.04)
    rng = np.random.default_rng(0)
    wave = np.zeros((len(time), 6)) + rng.normal(0, 0.0005, (len(time), 6))
    for start, end in ((0.8, 1.8), (2.1, 3.6)):
        inside = (time >= start) & (time < end)
        wave[inside, 2] += 0.05 * np.sin(np.pi * (time[inside] - start) / (end - start))
    level = neutral_level(wave + 0.3, time, np.ones(len(time), bool), 12.0)
    assert np.abs(level - 0.3).max() < 0.003


def test_neutral_follows_slow_drift():
    time = np.arange(0, 120, 0.1)
    drift = 0.05 * time[:, None] / 120 + np.random.default_rng(1).normal(0, 2e-4, (len(time), 3))
    level = neutral_level(drift, time, np.ones(len(time), bool), 12.0)
    inner = (time > 8) & (time < 112)
    assert np.abs(level - drift)[inner].max() < 0.003


def test_blink_is_a_short_dip_and_a_squint_is_not():
    time = np.arange(0, 10, 1 / 30)
    contrast = np.full(len(time), 40.0) + np.random.default_rng(2).normal(0, 0.5, len(time))
    contrast[(time > 2) & (time < 2.25)] = 18.0
    contrast[(time > 5) & (time < 7.5)] = 28.0
    eyes = np.stack([np.full((len(time), 2), 100.0), np.stack([contrast] * 2, 1)], axis=2)
    closed = closure(eyes, np.zeros((len(time), 2)), 1 / 30)
    assert closed[(time > 2.05) & (time < 2.2)].min() > 0.8
    assert closed[(time > 3) & (time < 9.5)].max() < 0.3


def test_narrow_eyes_blink_by_their_lids_and_a_wink_is_no_blink():
    time = np.arange(0, 10, 1 / 30)
    eyes = np.stack([np.full((len(time), 2), 100.0), np.full((len(time), 2), 25.0)], axis=2)
    stroke = 0.07 * np.exp(-0.5 * ((time - 3) / 0.07) ** 2)
    wink = 0.07 * np.exp(-0.5 * ((time - 7) / 0.07) ** 2)
    closed = closure(eyes, np.stack([stroke + wink, stroke], axis=1), 1 / 30)
    assert closed[np.abs(time - 3) < 0.04].min() > 0.8
    assert closed[time > 5].max() < 0.1


def test_leak_is_learned_and_an_expression_during_a_blink_survives():
    step = 1 / 30
    time = np.arange(0, 20, step)
    blink = sum(np.exp(-0.5 * ((time - at) / 0.06) ** 2) for at in (2, 5, 8, 12, 15, 18))
    bump = 0.03 * np.exp(-0.5 * ((time - 12.1) / 0.3) ** 2)
    noise = np.random.default_rng(3).normal(0, 3e-4, len(time))
    signal = (bump + 0.01 * blink + noise)[:, None]
    usable = np.ones(len(time), bool)
    out = signal - leak(signal, blink[:, None], np.array([0.1]), usable, 4)
    assert np.abs(out[:, 0] - bump - noise).max() < 0.002


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.5])
def test_light_is_matched_though_a_hand_covers_a_third(gain):
    base = np.random.default_rng(4).integers(20, 160, (96, 96), np.uint8)
    base[:12, :12] = 230  # a highlight, clipped by the brighter light
    face = np.clip(np.round(base * gain), 0, 255).astype(np.uint8)
    face[64:] = 90
    shown, lit = same_light(base, face)
    assert np.abs(shown[:64].astype(float) - lit[:64]).max() <= 3
    assert (shown == base).all() or gain > 1


def test_gaps_are_bridged_by_lines():
    signal = np.arange(10.0)[:, None].copy()
    usable = np.ones(10, bool)
    usable[3:6] = False
    signal[3:6] = np.nan
    assert np.allclose(fill_gaps(signal, usable)[:, 0], np.arange(10.0))


def test_actions_mirror_and_leave_the_lids_out():
    directions = make_actions()
    names, weights = directions.names, directions.weights
    region = [r.name for r in EXPRESSIVE]
    both = weights[names.index("lip corner pull (AU12)")]
    right, left = region.index("lip_corner_r"), region.index("lip_corner_l")
    assert np.allclose(both[right] * (-1, 1), both[left])
    assert len(names) == len(set(names)) and len(ACTIONS) * 3 < len(names)
    brow = names.index("brow inner r down")
    assert directions.opposites[brow] == "brow inner r up"
    # what no muscle does by itself counts less than a facial action
    assert directions.trust[names.index("dimple (AU14)")] == 1 > directions.trust[brow] > 0
    lids = [number for number, name in enumerate(region) if name.startswith("lid")]
    assert np.abs(weights[:, lids]).max() == 0
    assert np.allclose(np.linalg.norm(weights, axis=(1, 2)), 1)


def test_the_usual_blink_tells_how_much_blinks_disturb():
    rng = np.random.default_rng(6)
    contrast = np.abs(rng.normal(0, 0.1, (1, 400)))
    blinks = [np.arange(at, at + 10) for at in range(20, 400, 40)]
    for blink in blinks:
        contrast[0, blink[4:6]] = 2.8  # the eye is shut for a fifth of a blink
    usual = _disturbed(contrast, np.concatenate(blinks))
    assert usual == pytest.approx(2.8 / 1.4)
    contrast[0, blinks[3]] = 50.0  # an expression falls on one of them
    assert _disturbed(contrast, np.concatenate(blinks)) == pytest.approx(usual)
    # one or two peaks are no rule: what holds for most of their samples counts
    assert _disturbed(contrast, np.concatenate(blinks[4:6])) < 1.0
