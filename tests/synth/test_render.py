from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from mespot.synth.actions import EXPRESSIONS, displacement
from mespot.synth.deformation import Deformation
from mespot.synth.identity import make_identity
from mespot.synth.motion import visible_envelope
from mespot.synth.render import Renderer, frame_count, render, render_frame
from mespot.synth.script import Event, make_script

SIZE = 320


def one_event(expression: str, amplitude: float, **still: bool):
    """A script with one event at 1 s, without anything else unless asked for."""
    script = make_script(np.random.default_rng(0), 3.0, "planar", 0, 0)
    event = Event("mae", expression, "both", amplitude, visible_envelope(1.0, 0.4, 0.2, 0.4))
    wander = script.wander
    if not still.get("moving"):
        wander = {
            name: dataclasses.replace(item, amplitudes=np.zeros(7)) for name, item in wander.items()
        }
    return dataclasses.replace(script, events=(event,), blinks=(), nods=(), wander=wander)


def flow_at(before: np.ndarray, after: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Displacement around points by fine DIS flow, pixels."""
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(0)
    flow = method.calc(before, after, None)
    return np.array(
        [flow[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].mean((0, 1)) for x, y in points]
    )


@pytest.mark.parametrize(
    ("expression", "amplitude", "points"),
    [
        ("smile", 0.16, [48, 54]),
        ("smile", 0.02, [48, 54]),
        ("brow_lower", 0.12, [20, 23]),
        ("brow_lower", 0.015, [20, 23]),
        ("inner_brow", 0.03, [20, 23]),
        ("lip_depress", 0.03, [48, 54]),
    ],
)
def test_displacement_is_seen_by_optical_flow(expression, amplitude, points):
    identity = make_identity(np.random.default_rng(1))
    renderer = Renderer(identity, one_event(expression, amplitude), SIZE, grey=True, seed=0)
    rest = renderer.deformation.landmarks[points]
    expected = renderer.deformation.positions(rest, 1.5) - rest
    before, after = (np.rint(renderer.clean_frame(t)).astype(np.uint8) for t in (0.0, 1.5))
    found = flow_at(before, after, rest)
    # this estimator is known to lose about 10 % of such local movements
    gain = (found * expected).sum() / (expected**2).sum()
    assert 0.82 < gain < 1.08
    peak = amplitude * renderer.deformation.iod
    assert 0.7 * peak < np.linalg.norm(expected, axis=1).max() <= 1.001 * peak


@pytest.mark.parametrize("amplitude", [0.015, 0.12])
def test_displacement_is_exact(amplitude, monkeypatch):
    monkeypatch.setattr("mespot.synth.deformation._FOLD_SHADE", 0.0)
    identity = make_identity(np.random.default_rng(2))
    renderer = Renderer(identity, one_event("smile", amplitude), SIZE, grey=True, seed=0)
    shape = renderer.deformation
    rest = np.random.default_rng(0).normal(shape.landmarks[48], 0.15 * shape.iod, (400, 2))
    moved = shape.positions(rest, 1.5) - rest
    before, after = renderer.clean_frame(0.0), renderer.clean_frame(1.5)

    def brightness(frame, points):
        points = points[None].astype(np.float32)
        return cv2.remap(frame, points, None, cv2.INTER_CUBIC)[0]

    def mismatch(share):
        error = brightness(after, rest + share * moved) - brightness(before, rest)
        return np.sqrt(np.mean(error**2))

    shares = np.linspace(0.8, 1.2, 81)
    assert shares[np.argmin([mismatch(share) for share in shares])] == pytest.approx(1.0, abs=0.02)


def test_head_motion_and_expression_combine():
    identity = make_identity(np.random.default_rng(4))
    renderer = Renderer(identity, one_event("smile", 0.1, moving=True), SIZE, grey=True, seed=0)
    shape = renderer.deformation
    points = shape.landmarks[[27, 30, 36, 45, 48, 54]]
    a, b = (shape.positions(points, t) for t in (1.3, 1.5))
    before, after = (np.rint(renderer.clean_frame(t)).astype(np.uint8) for t in (1.3, 1.5))
    assert np.abs(flow_at(before, after, a) - (b - a)).max() < 0.5


def test_nothing_moves_outside_of_the_event():
    identity = make_identity(np.random.default_rng(1))
    renderer = Renderer(identity, one_event("smile", 0.1), 160, grey=True, seed=0)
    rest = renderer.clean_frame(0.0)
    assert np.array_equal(rest, renderer.clean_frame(0.5))
    assert np.array_equal(rest, renderer.clean_frame(2.5))
    assert np.abs(rest - renderer.clean_frame(1.02)).max() > 0.05


def test_no_expression_folds_the_face():
    axis = np.arange(0.0, 160.0, 2.0)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    identity = make_identity(np.random.default_rng(3))
    iod = identity.pupil_distance * 160
    for name, item in EXPRESSIONS.items():
        field = displacement(item, "both", identity.landmarks * 160, iod, grid) * item.limit * iod
        xy, xx = np.gradient(field[..., 0], 2.0)
        yy, yx = np.gradient(field[..., 1], 2.0)
        assert ((1 + xx) * (1 + yy) - xy * yx).min() > 0.2, name


def test_blink_covers_the_iris_and_nothing_else():
    identity = make_identity(np.random.default_rng(2))
    script = make_script(np.random.default_rng(1), 8.0, "easy", 0, 0)
    renderer = Renderer(identity, script, SIZE, grey=True, seed=0)
    blink = script.blinks[0]
    change = renderer.clean_frame(blink.top) - renderer.clean_frame(blink.start)
    shape = renderer.deformation
    eyes = shape.positions(shape.landmarks[36:48], blink.top)
    for eye in (eyes[:6], eyes[6:]):
        (x, y), half = eye.mean(axis=0), 0.06 * shape.iod
        box = change[int(y - half) : int(y + half), int(x - half) : int(x + half)]
        assert box.mean() > 15  # the dark iris turns into lid skin
    mouth = shape.positions(shape.landmarks[48:60], blink.top).mean(axis=0).astype(int)
    assert np.abs(change[mouth[1] - 8 : mouth[1] + 8, mouth[0] - 15 : mouth[0] + 15]).mean() < 4


def test_one_script_at_many_rates_and_sizes():
    identity = make_identity(np.random.default_rng(2))
    script = make_script(np.random.default_rng(1), 2.0, "planar", 1, 0)
    assert [frame_count(script, fps) for fps in (25, 30, 60, 100, 200)] == [50, 60, 120, 200, 400]
    slow, fast = (Renderer(identity, script, 120, grey=False, seed=0) for _ in range(2))
    assert np.array_equal(slow.clean_frame(15 / 30), fast.clean_frame(100 / 200))
    small = render_frame(identity, script, 0.5, 96, grey=True)
    large = render_frame(identity, script, 0.5, 192, grey=True)
    halved = cv2.resize(large, (96, 96), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - halved).mean() < 3.0
    truth = [Deformation(identity, script, size).positions(identity.landmarks * size - 0.5, 0.5)
             for size in (96, 192)]  # fmt: skip
    assert np.abs((truth[0] + 0.5) * 2 - (truth[1] + 0.5)).max() < 0.3


def test_frames_are_repeatable_noisy_and_of_the_right_kind():
    identity = make_identity(np.random.default_rng(2))
    script = make_script(np.random.default_rng(1), 1.0, "planar", 1, 0)
    grey = list(render(identity, script, 10.0, 100, grey=True, seed=3))
    again = list(render(identity, script, 10.0, 100, grey=True, seed=3))
    other = next(render(identity, script, 10.0, 100, grey=True, seed=4))
    assert len(grey) == 10 and grey[0].shape == (100, 100) and grey[0].dtype == np.uint8
    assert all(np.array_equal(a, b) for a, b in zip(grey, again, strict=True))
    noise = grey[0].astype(float) - Renderer(identity, script, 100, True, 3).clean_frame(0.0)
    assert 1.0 < noise.std() < 2.2
    assert not np.array_equal(grey[0], other)
    colour = next(render(identity, script, 10.0, 100, grey=False, seed=3))
    assert colour.shape == (100, 100, 3)
    assert colour[..., 0].mean() != pytest.approx(colour[..., 2].mean(), abs=0.5)


def test_identities_differ():
    shapes = [make_identity(np.random.default_rng(seed)) for seed in range(6)]
    relative = [
        (item.landmarks - item.landmarks[27:31].mean(axis=0)) / item.pupil_distance
        for item in shapes
    ]
    spread = np.std(relative, axis=0)
    assert spread.max() > 0.03
    assert all(0.18 < item.pupil_distance < 0.24 for item in shapes)
