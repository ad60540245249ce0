from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.core.events import INTERVAL_COLUMNS, check_table
from mespot.flow import intervals
from mespot.flow.intervals import FEATURES, find_intervals, keep_best, kind_of
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
    found = table.sort_values("score", ascending=False)[:2].sort_values("onset")
    assert (found["score"] >= 0.9).all(), table
    for row, (start, end) in zip(found.itertuples(), ((0.9, 1.9), (2.2, 3.6)), strict=True):
        assert overlap(row, 25, start, end) > 0.6
    # the pause between them may look like a smile, but is less certain
    assert (table["score"].drop(found.index) < 0.8).all(), table


@pytest.mark.slow
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


def test_type_goes_by_duration_and_amplitude():
    assert kind_of(0.3, 0.02, PARAMS) == "me"
    assert kind_of(2.0, 0.02, PARAMS) == "mae"
    assert kind_of(0.52, 0.01, PARAMS) == "me"
    assert kind_of(0.48, 0.1, PARAMS) == "mae"


def test_the_same_signals_give_the_same_table(lively, tmp_path):
    scene, signals, table = lively
    signals.save(tmp_path / "signals.npz")
    for number, again in enumerate((signals, FlowSignals.load(tmp_path / "signals.npz"))):
        find_intervals(again, PARAMS).to_csv(tmp_path / f"{number}.csv", index=False)
    table.to_csv(tmp_path / "first.csv", index=False)
    texts = {(tmp_path / f"{name}.csv").read_bytes() for name in ("first", "0", "1")}
    assert len(texts) == 1 and len(table) >= 2
    assert scene.signals(PARAMS).displacement.tobytes() == signals.displacement.tobytes()


@pytest.mark.parametrize("size", [1, 37])
def test_scores_do_not_depend_on_the_blocks_in_which_they_are_made(lively, monkeypatch, size):
    if size == 1:  # a few of the stretches, one at a time
        propose = intervals.propose
        monkeypatch.setattr(intervals, "propose", lambda *given: propose(*given).part(slice(8)))
    stretches, whole = intervals.scored_stretches(lively[1], PARAMS)
    monkeypatch.setattr(intervals, "_BLOCK", size)
    again, parts = intervals.scored_stretches(lively[1], PARAMS)
    assert len(stretches) > size and np.array_equal(stretches.first, again.first)
    np.testing.assert_array_equal(parts, whole)
    assert np.ptp(whole) > 0.0


def kept(rows):
    """`keep_best` of rows (first, last, score)."""
    first, last, scores = np.array(rows, float).T
    index, begin, end = keep_best(first.astype(int), last.astype(int), scores)
    return index.tolist(), begin.tolist(), end.tolist()


def test_the_more_likely_of_two_that_share_time_stays():
    assert kept([(10, 29, 0.6), (15, 40, 0.9), (60, 80, 0.3)])[0] == [1, 2]
    assert kept([(10, 29, 0.9), (12, 31, 0.9)])[0] == [0]  # of equal ones the first
    # one may reach a little into another, but not lie in it, whatever its length
    assert kept([(10, 29, 0.9), (28, 50, 0.8)])[0] == [0, 1]
    assert kept([(10, 29, 0.9), (20, 40, 0.8)])[0] == [0]
    assert kept([(0, 99, 0.9), (40, 44, 0.8)])[0] == [0]
    assert kept([(40, 44, 0.9), (0, 99, 0.8)])[0] == [0]
    assert kept([(10, 19, 0.9), (20, 29, 0.8)])[0] == [0, 1]  # side by side


def test_what_agrees_with_the_best_places_its_edges():
    rows = [(10, 29, 0.8), (12, 31, 0.8), (10, 60, 0.8), (11, 30, 0.3)]
    index, begin, end = kept(rows)
    # the third is another stretch, the fourth has too low a score
    assert index == [0] and (*begin, *end) == pytest.approx((11.0, 30.0))
    weighty = kept([(10, 29, 1.0), (12, 31, 0.8)])
    assert weighty[1][0] == pytest.approx((10 + 0.64 * 12) / 1.64)
    index, begin, end = kept([(10, 29, 0.8)])
    assert index == [0] and (*begin, *end) == pytest.approx((10.0, 29.0))
    none = np.empty(0)
    assert [part.tolist() for part in keep_best(none, none, none)] == [[], [], []]


def test_intervals_of_a_video_are_apart(lively):
    _, _, table = lively
    assert (table["onset"] <= table["apex"]).all() and (table["apex"] <= table["offset"]).all()
    spans = table[["onset", "offset"]].to_numpy()
    for number, (onset, offset) in enumerate(spans[:-1]):
        for other, end in spans[number + 1 :]:
            shared = max(0, min(offset, end) - max(onset, other) + 1)
            assert shared <= 0.5 * min(offset - onset + 1, end - other + 1)


def test_of_stretches_that_score_as_high_as_can_be_the_most_agreed_one_stands_for_them():
    first, last = np.array([10, 20, 21, 20]), np.array([60, 40, 41, 41])
    kept, begins, ends = keep_best(first, last, np.array([0.988, 0.985, 0.984, 0.983]))
    assert kept.tolist() == [0]
    assert 20 <= begins[0] <= 21 and 40 <= ends[0] <= 41
    kept, begins, ends = keep_best(first, last, np.array([0.9, 0.89, 0.88, 0.87]))
    assert np.allclose([begins[0], ends[0]], [10.0, 60.0])
