from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.events import INTERVAL_COLUMNS, check_table
from mespot.flow.bumps import Traced, score_of
from mespot.flow.edges import Bump
from mespot.flow.intervals import FEATURES, find_intervals, kind_of
from mespot.flow.signals import FlowSignals
from mespot.params import load_params
from mespot.synth.motion import visible_envelope
from mespot.synth.script import Nod
from tests.flow.scenes import Scene, blink, event, script

PARAMS = load_params().flow


def spot(scene, success=None):
    signals = scene.signals(PARAMS, success)
    return signals, find_intervals(signals, PARAMS)


def sure(table):
    return table[table["score"] >= 0.5]


def overlap(row, fps, start, end):
    onset, offset = row.onset / fps, (row.offset + 1) / fps
    return max(0, min(offset, end) - max(onset, start)) / (max(offset, end) - min(onset, start))


@pytest.fixture(scope="module")
def lively():
    """An ME, a MaE with a blink inside, two blinks beside, a moving head."""
    events = [event("me", "smile", 2.0, 0.3, 0.025), event("mae", "brow_raise", 4.0, 1.4, 0.1)]
    blinks = [blink(1.0), blink(4.6), blink(6.4)]
    nod = Nod(visible_envelope(2.9, 0.3, 0.05, 0.3), (0.0, 0.1))
    scene = Scene(script(8.0, events, blinks, [nod], x=(0.05, 1), roll=(0.02, 2)), 30.0)
    return (scene, *spot(scene))


def test_me_and_mae_are_found_with_their_types_and_blinks_are_not(lively):
    _, _, table = lively
    found = sure(table)
    assert list(found["type"]) == ["me", "mae"], table
    me, mae = found.itertuples()
    assert overlap(me, 30, 2.0, 2.3) > 0.6
    assert overlap(mae, 30, 4.0, 5.4) > 0.7
    assert me.onset <= me.apex <= me.offset
    assert 0.005 < me.amplitude_iod < 0.03 < mae.amplitude_iod
    assert me.region.startswith(("lip", "cheek", "upper_lip"))
    assert mae.region.startswith("brow")


def test_blinks_are_recognised(lively):
    _, signals, _ = lively
    time = signals.time
    for start in (1.0, 4.6, 6.4):
        assert signals.blink[(time > start) & (time < start + 0.25)].max() > 0.7
    quiet = (time > 1.6) & (time < 4.3)
    assert signals.blink[quiet].max() < 0.3


def test_table_keeps_the_contract(lively):
    scene, _, table = lively
    assert list(table.columns) == [*INTERVAL_COLUMNS, *FEATURES]
    check_table(table, INTERVAL_COLUMNS, "flow")
    assert table["score"].between(0.1, 1.0).all()
    assert table["offset"].max() < scene.frames
    assert (np.diff(table["onset"]) >= 0).all()


def test_displacement_is_true_to_scale_and_direction(lively):
    _, signals, _ = lively
    at = int(np.argmin(np.abs(signals.time - 5.0)))
    brow = signals.displacement[at, signals.regions.index("brow_mid_r")]
    assert -0.085 < brow[1] < -0.055  # 0.075 is true there; up is negative


def test_signals_round_trip_and_repeat_byte_for_byte(lively, tmp_path):
    scene, signals, _ = lively
    signals.save(tmp_path / "a.npz")
    loaded = FlowSignals.load(tmp_path / "a.npz")
    assert loaded.regions == signals.regions and loaded.fps == signals.fps
    assert np.array_equal(loaded.displacement, signals.displacement)
    short = Scene(script(1.5, [event("me", "smile", 0.5, 0.3, 0.03)]), 30.0)
    for name in ("b", "c"):
        short.signals(PARAMS).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "c.npz").read_bytes()


def test_still_face_and_blinks_alone_give_nothing():
    _, table = spot(Scene(script(5.0), 25.0))
    assert sure(table).empty
    _, table = spot(Scene(script(5.0, blinks=[blink(1.0), blink(2.6), blink(3.9)]), 25.0))
    assert sure(table).empty, table


def test_badly_aligned_moving_head_gives_nothing():
    moving = script(6.0, x=(0.02, 1), y=(0.02, 2), roll=(0.01, 3), yaw=(0.02, 4), pitch=(0.02, 5))
    _, table = spot(Scene(moving, 25.0, aligned=False))
    assert sure(table).empty, table


def test_me_beside_a_mae_stays_its_own():
    events = [event("mae", "smile", 1.5, 1.2, 0.1), event("me", "brow_raise", 2.95, 0.25, 0.03)]
    _, table = spot(Scene(script(5.0, events), 50.0))
    assert list(sure(table)["type"]) == ["mae", "me"], table


def test_video_that_begins_and_ends_in_half_a_clip_of_expression():
    events = [
        event("mae", "lip_depress", 0.9, 1.0, 0.08),
        event("mae", "lip_depress", 2.2, 1.4, 0.1),
    ]
    _, table = spot(Scene(script(4.2, events), 25.0))
    found = sure(table)
    assert len(found) == 2, table
    for row, (start, end) in zip(found.itertuples(), ((0.9, 1.9), (2.2, 3.6)), strict=True):
        assert overlap(row, 25, start, end) > 0.6


def test_same_seconds_at_any_rate():
    story = script(
        4.0, [event("me", "brow_raise", 1.0, 0.3, 0.03), event("mae", "smile", 2.2, 0.9, 0.1)]
    )
    spans = []
    for fps in (25.0, 50.0, 100.0, 200.0):
        found = sure(spot(Scene(story, fps))[1])
        assert list(found["type"]) == ["me", "mae"], (fps, found)
        spans.append(np.column_stack([found["onset"], found["offset"] + 1]) / fps)
    assert np.ptp(np.stack(spans), axis=0).max() < 0.07


def test_single_frame_and_no_face_give_nothing():
    scene = Scene(script(1 / 25), 25.0)
    assert spot(scene)[1].empty
    scene = Scene(script(1.0), 25.0)
    signals, table = spot(scene, np.zeros(len(scene.frame), dtype=bool))
    assert table.empty
    assert (signals.confidence == 0).all() and np.isfinite(signals.displacement).all()


def test_evidence_is_handed_on_unless_something_else_is_asked_for(lively, tmp_path):
    _, signals, table = lively
    assert np.array_equal(signals.evidence.level.max(axis=0).astype(np.float32), signals.strength)
    signals.save(tmp_path / "signals.npz")
    loaded = FlowSignals.load(tmp_path / "signals.npz")
    assert loaded.evidence is None
    assert find_intervals(loaded, PARAMS).equals(table)
    assert dataclasses.replace(signals, fps=25.0).evidence is None
    for change in ({"noise_floor": 5.0e-4}, {"shortest": 0.2}):
        other = PARAMS.model_copy(update=change)
        assert find_intervals(signals, other).equals(find_intervals(loaded, other))


def test_nothing_is_invented_in_a_gap_without_a_face():
    scene = Scene(script(5.0, [event("mae", "smile", 1.9, 1.2, 0.1)]), 25.0)
    success = ~((scene.time > 1.7) & (scene.time < 3.3))
    signals, table = spot(scene, success)
    assert sure(table).empty, table
    assert (signals.confidence[~success] == 0).all()


def test_memory_holds_a_few_crops_whatever_the_length():
    short, long = Scene(script(2.0), 25.0), Scene(script(8.0), 25.0)
    for scene in (short, long):
        scene.signals(PARAMS)
    assert long.most == short.most <= 3


def test_references_of_a_long_video_join_without_a_step():
    scene = Scene(script(7.0, [event("mae", "smile", 2.0, 1.0, 0.1)]), 25.0)
    many = PARAMS.model_copy(update={"stretch": 2.5})
    signals = scene.signals(many)
    one = scene.signals(PARAMS)
    assert np.abs(signals.displacement - one.displacement).max() < 0.01
    table = find_intervals(signals, many)
    assert list(sure(table)["type"]) == ["mae"]


def test_score_is_monotone_and_half_at_the_border():
    def score(level, amplitude=1.0, departure=100.0, seconds=0.3, confidence=1.0):
        bump = Bump(0.0, 0.1, seconds, amplitude, "brow_mid_r", departure)
        return score_of(Traced(level, bump, "", confidence), PARAMS)

    levels = np.geomspace(1, 500, 20)
    assert (np.diff([score(level) for level in levels]) > 0).all()
    assert score(PARAMS.threshold) == pytest.approx(0.5, abs=0.01)
    assert score(1e6, PARAMS.least_amplitude) == pytest.approx(0.5, abs=0.01)
    assert score(1e6, 0.01, seconds=3.0) < score(1e6, 0.01)
    assert score(1e6, confidence=0.5) == pytest.approx(0.5, abs=0.01)
    assert score(1e6, confidence=0.9) > 0.95 > 0.05 > score(1e6, confidence=0.1)


def test_type_goes_by_duration_and_amplitude():
    assert kind_of(0.3, 0.02, PARAMS) == "me"
    assert kind_of(2.0, 0.02, PARAMS) == "mae"
    assert kind_of(0.52, 0.01, PARAMS) == "me"
    assert kind_of(0.48, 0.1, PARAMS) == "mae"
