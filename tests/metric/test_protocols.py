"""Each protocol on the cases in which published code differs; all rows are made up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mespot.core.errors import MespotError
from mespot.metric import (
    ALIASES,
    MATCHINGS,
    PROTOCOLS,
    Tally,
    choose_protocol,
    count,
    draw_weights,
    f1_interval,
    find_protocol,
)

VIDEOS = ["s1_a", "s1_b", "s2_a"]
SUBJECTS = ["s1", "s1", "s2"]
NAMES = tuple(PROTOCOLS)


def table(*rows):
    frame = pd.DataFrame(rows, columns=["video", "onset", "offset", "type"])
    return frame.astype({"onset": np.int64, "offset": np.int64})


def score(name, truth, found, fps=30.0, **options):
    return count(truth, found, VIDEOS, protocol=name, fps=fps, subjects=SUBJECTS, **options)


def figures(name, truth, found, kind="overall", **options):
    tally = score(name, table(*truth), table(*found), **options).tally(kind)
    return tally.tp, tally.fp, tally.fn


ME = ("s1_a", 100, 109, "me")  # 10 frames, offset - onset 9

INCLUSIVE = tuple(name for name in NAMES if name not in ("slswin", "ustc", "flowteams"))

# one event; the prediction; protocols that call it a hit
HITS = [
    ("identical", (100, 109), NAMES),
    ("5 of 10 frames: IoU .5, by spans 4/9", (100, 104), INCLUSIVE),
    ("6 of 10 frames: IoU .6, by spans 5/9", (100, 105), NAMES),
    ("4 of 10 frames", (100, 103), ()),
    ("touching at one frame", (109, 118), ()),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("case", "found", "hit"), HITS, ids=[case[0] for case in HITS])
def test_what_is_a_hit(name, case, found, hit):
    tp, fp, fn = figures(name, [ME], [("s1_a", *found, "me")])
    assert (tp, fp, fn) == ((1, 0, 0) if name in hit else (0, 1, 1))


@pytest.mark.parametrize("name", NAMES)
def test_iou_of_exactly_half_by_spans(name):
    # spans 5 of 10; 6 of 11 frames
    tp, _, _ = figures(name, [("s1_a", 100, 110, "me")], [("s1_a", 100, 105, "me")])
    assert tp == (name != "ustc")


@pytest.mark.parametrize("name", NAMES)
def test_an_event_of_one_frame_has_no_span(name):
    tp, _, _ = figures(name, [("s1_a", 7, 7, "me")], [("s1_a", 7, 7, "me")])
    assert tp == (name not in ("ustc", "flowteams"))


@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_may_begin_before_the_video(name):
    assert figures(name, [("s1_a", 0, 9, "me")], [("s1_a", -3, 9, "me")])[0] == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("megc", (1, 1, 0)),
        ("megc2020", (2, 0, -1)),
        ("softnet", (1, 1, 0)),
        ("boostingvrme", (1, 1, 0)),
        ("slswin", (1, 1, 0)),
        ("lgsnet", (1, 1, 0)),
        ("ustc", (1, 1, 0)),
        ("flowteams", (1, 1, 0)),
        ("strs", (1, 1, 0)),
    ],
)
def test_identical_predictions_on_one_event(name, expected):
    found = [("s1_a", 100, 109, "me")] * 2
    assert figures(name, [ME], found) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("megc", (1, 0, 1)),
        ("megc2020", (2, -1, 0)),
        ("softnet", (1, 0, 1)),
        ("boostingvrme", (1, 0, 1)),
        ("slswin", (1, 0, 1)),
        ("lgsnet", (2, -1, 0)),
        ("ustc", (1, 0, 1)),
        ("flowteams", (2, -1, 0)),
        ("strs", (2, -1, 0)),
    ],
)
def test_one_prediction_on_two_events(name, expected):
    truth = [("s1_a", 100, 112, "me"), ("s1_a", 102, 114, "me")]
    assert figures(name, truth, [("s1_a", 101, 113, "me")]) == expected


def test_voc_tries_only_the_best_event():
    truth = [("s1_a", 0, 19, "mae"), ("s1_a", 6, 19, "mae")]
    found = [("s1_a", 2, 19, "mae"), ("s1_a", 0, 19, "mae")]
    # both predictions overlap event 0 best
    assert figures("megc", truth, found) == (2, 0, 0)
    assert figures("softnet", truth, found) == (1, 1, 1)
    assert figures("boostingvrme", truth, found) == (1, 1, 1)


def test_distinct_lets_an_event_pass_a_taken_prediction_to_nobody():
    truth = [("s1_a", 0, 19, "mae"), ("s1_a", 6, 19, "mae")]
    found = [("s1_a", 2, 19, "mae"), ("s1_a", 0, 13, "mae")]
    # prediction 0 is the best of both events; a one-to-one matching uses prediction 1 as well
    assert figures("megc", truth, found) == (2, 0, 0)
    assert figures("ustc", truth, found) == (1, 1, 1)


def test_me_inside_mae_by_typing():
    truth = [("s1_a", 0, 19, "mae"), ("s1_a", 4, 15, "me")]
    found = [("s1_a", 4, 15, "mae")]  # hits the ME, and by 12/20 the MaE
    assert figures("megc", truth, found, "mae") == (1, 0, 0)
    assert figures("megc", truth, found, "me") == (0, 0, 1)
    # by length at 30 fps: the prediction (11) is short, the MaE (19) long, the ME (11) short
    assert figures("lgsnet", truth, found, "mae") == (1, -1, 0)
    assert figures("lgsnet", truth, found, "me") == (1, 0, 0)
    assert figures("lgsnet", truth, found) == (2, -1, 0)
    # a MaE is no prediction here: one ME elsewhere makes the subject present, then it is missed
    assert figures("strs", truth, found) == (0, 0, 0)
    assert figures("strs", truth, [*found, ("s1_b", 0, 9, "me")]) == (0, 0, 1)


@pytest.mark.parametrize("name", ["lgsnet", "flowteams"])
def test_length_follows_the_frame_rate(name):
    truth = [("s1_a", 0, 15, "mae"), ("s1_b", 0, 16, "me")]
    found = [("s1_a", 0, 15, "mae"), ("s1_b", 0, 16, "me")]
    # 15 frames are half a second at 30 fps: still short; events are counted by label
    assert figures(name, truth, found, "me") == (1, 0, 0)
    assert score(name, table(*truth), table(*found)).table[:, :, 0].tolist() == [
        [1, 0],
        [0, 1],
        [0, 0],
    ]
    rates = [30.0, 200.0, 30.0]
    assert score(name, table(*truth), table(*found), fps=rates).table[:, :, 0].tolist() == [
        [1, 0],
        [1, 0],
        [0, 0],
    ]
    alone = score(name, table(*truth), table(*found), fps=None)
    assert alone.types == ()
    assert alone.tally() == Tally(2, 0, 0)
    with pytest.raises(MespotError, match="fps: found 0, expected more than 0"):
        score(name, table(*truth), table(*found), fps=0.0)


# ME in s1_a only; MaE in s1_a and s1_b; s2_a without events
TRUTH = [ME, ("s1_a", 200, 259, "mae"), ("s1_b", 200, 259, "mae")]


@pytest.mark.parametrize(
    ("name", "me", "mae"),
    [
        ("megc", (1, 2, 0), (0, 1, 2)),
        ("megc2020", (1, 2, 0), (0, 1, 2)),
        ("ustc", (1, 2, 0), (0, 1, 2)),
        ("boostingvrme", (1, 0, 0), (0, 0, 2)),
        ("softnet", (1, 0, 0), (0, 2, 2)),  # both videos with a MaE lack a prediction of it
        ("slswin", (1, 0, 0), (0, 2, 2)),
    ],
)
def test_which_videos_count(name, me, mae):
    found = [
        ("s1_a", 100, 109, "me"),
        ("s1_b", 0, 9, "me"),  # no ME in this video
        ("s2_a", 0, 9, "me"),  # no event at all
        ("s2_a", 0, 59, "mae"),
    ]
    assert figures(name, TRUTH, found, "me") == me
    assert figures(name, TRUTH, found, "mae") == mae


def test_nothing_predicted_costs_dummies_only_in_videos_of_the_class():
    assert figures("softnet", TRUTH, [], "me") == (0, 1, 1)
    assert figures("softnet", TRUTH, [], "mae") == (0, 2, 2)
    assert figures("slswin", TRUTH, []) == (0, 3, 3)
    for name in ("megc", "megc2020", "boostingvrme", "lgsnet", "ustc", "flowteams"):
        assert figures(name, TRUTH, []) == (0, 0, 3)


def test_a_video_with_one_wrong_prediction_needs_no_dummy():
    found = [("s1_a", 0, 40, "mae"), ("s1_a", 50, 90, "mae")]
    assert figures("softnet", TRUTH, found, "mae") == (0, 3, 2)


def test_strs_drops_absent_subjects_and_videos_without_events():
    truth = [ME, ("s1_b", 10, 19, "me"), ("s2_a", 10, 19, "me")]
    found = [("s1_a", 100, 109, "me"), ("s1_a", 0, 70, "mae")]
    # s1_b stays, since subject s1 has predictions; s2 has none
    assert figures("strs", truth, found) == (1, 0, 1)
    assert figures("strs", truth[:1], [("s1_b", 0, 9, "me"), ("s1_a", 0, 9, "me")]) == (0, 1, 1)
    with pytest.raises(MespotError, match="protocol strs: expected the subject of each video"):
        count(table(*truth), table(*found), VIDEOS, protocol="strs")


@pytest.mark.parametrize("name", NAMES)
def test_an_event_without_offset_cannot_be_hit(name):
    truth, found = [("s1_a", 178, 177, "me")], [("s1_a", 178, 178, "me"), ("s1_a", 170, 190, "me")]
    assert figures(name, truth, found) == (0, 2, 1)


def test_names_are_found_whatever_their_spelling():
    assert find_protocol("SL-Swin") is PROTOCOLS["slswin"]
    assert find_protocol("AUW-GCN") is PROTOCOLS["ustc"]
    assert find_protocol("me_tst").name == "softnet"
    assert set(ALIASES.values()) <= set(PROTOCOLS)
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert protocol.changes and protocol.source and "\n" not in protocol.describe()
        assert protocol.matching in MATCHINGS
    with pytest.raises(MespotError, match="protocol: found 'best', expected megc, megc2020"):
        find_protocol("best")
    with pytest.raises(MespotError, match="matching: found 'best', expected optimal"):
        choose_protocol("megc", "best")


def rows():
    row = st.tuples(
        st.sampled_from(VIDEOS),
        st.integers(0, 30),
        st.integers(0, 25),
        st.sampled_from(["me", "mae"]),
    ).map(lambda v: (v[0], v[1], v[1] + v[2], v[3]))
    return st.lists(row, max_size=12).map(lambda found: table(*found))


protocols = st.sampled_from(NAMES)
matchings = st.sampled_from(sorted(MATCHINGS))


@settings(max_examples=50)
@given(rows(), rows(), protocols, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(truth, found, name, random):
    def shuffled(frame):
        return frame.iloc[random.sample(range(len(frame)), len(frame))].reset_index(drop=True)

    first = score(name, truth, found).table
    assert (score(name, shuffled(truth), shuffled(found)).table == first).all()


@settings(max_examples=50)
@given(rows(), rows(), matchings, st.randoms(use_true_random=False))
def test_nor_in_any_matching(truth, found, matching, random):
    protocol = choose_protocol("megc", matching)
    order = random.sample(range(len(found)), len(found))
    first = count(truth, found, VIDEOS, protocol=protocol).table
    again = count(truth, found.iloc[order], VIDEOS, protocol=protocol).table
    assert (first == again).all()


@settings(max_examples=50)
@given(rows(), rows(), protocols, st.integers(-40, 4000))
def test_shifting_all_frames_changes_nothing(truth, found, name, shift):
    def moved(frame):
        return frame.assign(onset=frame["onset"] + shift, offset=frame["offset"] + shift)

    assert (score(name, truth, found).table == score(name, moved(truth), moved(found)).table).all()


@settings(max_examples=50)
@given(rows(), rows(), st.booleans(), st.booleans())
def test_one_to_one_is_bounded_and_optimal_is_best(truth, found, typed, strict):
    hits = {}
    for matching in MATCHINGS:
        protocol = choose_protocol("megc", matching, strict, typed)
        counts = count(truth, found, VIDEOS, protocol=protocol)
        hits[matching] = counts.tally().tp
        if matching in ("optimal", "greedy_iou", "voc", "distinct"):
            assert (counts.table >= 0).all()
            assert hits[matching] <= min(len(truth), len(found))
            assert hits[matching] <= hits["optimal"]
    assert hits["optimal"] <= hits["gt_loop"] <= min(len(truth), hits["every_pair"])


@settings(max_examples=50)
@given(rows(), rows(), protocols)
def test_a_far_prediction_is_one_false_positive(truth, found, name):
    # in a video and of a type that every protocol counts already
    truth = pd.concat([truth, table(("s1_a", 0, 9, "me"))], ignore_index=True)
    found = pd.concat([found, table(("s1_a", 40, 49, "me"))], ignore_index=True)
    more = pd.concat([found, table(("s1_a", 9000, 9009, "me"))], ignore_index=True)
    before, after = score(name, truth, found).tally(), score(name, truth, more).tally()
    assert after == before + Tally(0, 1, 0)


@settings(max_examples=50)
@given(rows(), rows(), protocols)
def test_strict_and_types_never_add_hits(truth, found, name):
    plain = score(name, truth, found).tally().tp
    assert score(name, truth, found, strict=True).tally().tp <= plain
    if PROTOCOLS[name].typing == "label" and PROTOCOLS[name].matching in ("optimal", "every_pair"):
        assert plain <= score(name, truth, found, typed=False).tally().tp


@settings(max_examples=50)
@given(rows(), rows(), protocols)
def test_subjects_add_up_to_the_total(truth, found, name):
    counts = score(name, truth, found)
    _, tables = counts.by_subject(SUBJECTS)
    for kind, tally in counts.tallies().items():
        assert Tally(*map(int, tables[kind].sum(axis=0))) == tally
    total = sum((counts.tally(kind) for kind in counts.types), Tally(0, 0, 0))
    assert total == counts.tally() or not counts.types


@settings(max_examples=50)
@given(rows(), rows(), protocols)
def test_identical_subjects_leave_no_doubt(truth, found, name):
    one = score(name, truth, found).tally()
    same = np.tile([one.tp, one.fp, one.fn], (5, 1))
    interval = f1_interval(same, draw_weights(5, 50, np.random.default_rng(0)))
    assert interval.low == pytest.approx(one.f1) == interval.high
    assert interval.value == pytest.approx(one.f1)


def test_the_head_of_a_table_tells_the_choices():
    told = {name: choose_protocol(name).describe() for name in ("megc", "softnet")}
    assert told["megc"] == "inclusive frames, matching optimal, same type needed, all videos"
    assert "videos of the class only, 1 FP per video without prediction" in told["softnet"]
    assert "types ignored" in choose_protocol("megc", typed=False).describe()
