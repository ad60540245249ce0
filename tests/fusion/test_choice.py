"""How members and operating points are chosen, on counts small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mespot.fusion.candidates import FEATURES
from mespot.fusion.choice import Choice, Fitted
from mespot.fusion.members import MEMBERS
from mespot.fusion.operating_point import above, hits, operating_point
from mespot.fusion.scorer import learned_scores
from mespot.metric import F1Scorer, f1_score

SUBJECTS = 6
VIDEOS = [f"v{i}" for i in range(SUBJECTS + 1)]  # the last one is not to be looked at


def events(spans=((10, 19),)):
    rows = [(video, onset, offset, "me") for video in VIDEOS for onset, offset in spans]
    return pd.DataFrame(rows, columns=["video", "onset", "offset", "type"])


def best_of(params, hits_of, caution=2.0):
    """The member chosen among members that hit so many of ten events of each video."""
    choice = Choice.__new__(Choice)
    choice.scorer = F1Scorer(events(), VIDEOS)
    choice.subject_of = {video: f"s{video}" for video in VIDEOS}
    choice.among = np.array([True] * SUBJECTS + [False])
    choice.params = params.fuse.model_copy(update={"caution": caution})
    choice.seed, choice.draws = 7, 400
    choice.members = {}
    for name in MEMBERS:
        found = np.array([*hits_of.get(name, [0] * SUBJECTS), 0])
        counts = np.zeros((len(VIDEOS), 2, 3), dtype=np.int64)
        counts[:, 0, 0], counts[:, 0, 2] = found, 10 - found
        f1 = float(f1_score(counts[choice.among].sum(axis=(0, 1))))
        choice.members[name] = Fitted(0.0, {}, {}, counts, f1)
    return choice._simplest_of_the_best()


def test_a_member_that_leads_by_luck_with_one_subject_does_not_answer(params):
    lucky = {"flow": [5] * 6, "learned": [10, 5, 5, 5, 5, 5]}
    assert best_of(params, lucky) == "flow"
    assert best_of(params, lucky, caution=0.0) == "learned"


def test_a_member_that_leads_with_every_subject_answers(params):
    assert best_of(params, {"flow": [5] * 6, "learned": [8, 7, 8, 7, 8, 7]}) == "learned"


def test_of_members_that_are_equally_good_the_simplest_answers(params):
    equal = {name: [7] * 6 for name in MEMBERS}
    assert best_of(params, equal) == MEMBERS[0]
    assert best_of(params, equal, caution=0.0) == MEMBERS[0]
    assert best_of(params, {"union": [7] * 6, "learned": [7] * 6}) == "union"


def test_without_chance_in_it_any_lead_counts(params):
    # the same difference with every subject
    assert best_of(params, {"flow": [5] * 6, "union": [6] * 6}) == "union"
    assert best_of(params, {"flow": [6] * 6, "union": [5] * 6}) == "flow"


def test_the_learned_scores_of_a_subject_do_not_know_its_labels(params):
    rng = np.random.default_rng(0)
    count = 60
    pool = pd.DataFrame({name: rng.normal(size=count) for name in FEATURES})
    pool = pool.assign(video="v", onset=100 * np.arange(count), type="me")
    pool["offset"] = pool["onset"] + 20
    subjects = np.repeat(["a", "b", "c"], count // 3)
    pool["video"] = subjects
    hit = (pool[FEATURES[0]] > 0).to_numpy().astype(np.int64)
    before = learned_scores(pool, hit, subjects, params.fuse)
    own = subjects == "a"
    after = learned_scores(pool, np.where(own, 1 - hit, hit), subjects, params.fuse)
    pd.testing.assert_frame_equal(before[before["video"] == "a"], after[after["video"] == "a"])
    others = before["video"] != "a"
    assert (before["score"][others] - after["score"][others]).abs().min() > 1e-4
    # what the others learned carries over
    score = before["score"][before["video"] == "a"].to_numpy()
    assert score[hit[own] == 1].mean() > score[hit[own] == 0].mean() + 0.2


def test_a_lone_subject_is_scored_by_itself(params):
    pool = pd.DataFrame({name: [0.0, 1.0] for name in FEATURES})
    pool = pool.assign(video="v", onset=[0, 50], offset=[20, 70], type="me")
    found = learned_scores(pool, np.array([0, 1]), np.array(["a", "a"]), params.fuse)
    assert found["score"].is_monotonic_increasing and len(found) == 2


def scored(rows):
    return pd.DataFrame(rows, columns=["video", "onset", "offset", "type", "score"])


def test_of_equally_good_thresholds_the_middle_one_is_taken():
    truth = events()
    found = scored([(video, 10, 19, "me", 0.85) for video in VIDEOS]
                   + [("v0", 40, 49, "me", 0.1)])  # fmt: skip
    scorer = F1Scorer(truth, VIDEOS)
    among = np.ones(len(VIDEOS), dtype=bool)
    chosen, counts = operating_point(found, scorer, among, (0.05, 0.2, 0.4, 0.5, 0.7, 0.8, 0.9))
    # equal from 0.2 to 0.8: the false alarm is out, every hit is in
    assert chosen["me"] == 0.5
    assert counts[:, 0].tolist() == [[1, 0, 0]] * len(VIDEOS)
    assert chosen["mae"] == 0.5  # no threshold makes a difference: the middle of all


def test_a_score_that_is_the_threshold_reaches_it():
    found = scored([(video, 10, 19, "me", 0.5) for video in VIDEOS])
    among = np.ones(len(VIDEOS), dtype=bool)
    chosen, counts = operating_point(found, F1Scorer(events(), VIDEOS), among, (0.5, 0.6))
    assert chosen["me"] == 0.5 and counts[:, 0].tolist() == [[1, 0, 0]] * len(VIDEOS)


def test_the_operating_point_looks_at_the_videos_it_may_see_alone():
    truth = events(((10, 19), (40, 49)))
    found = scored([("v0", 10, 19, "me", 0.9), ("v0", 60, 69, "me", 0.3)]
                   + [("v6", 10, 19, "me", 0.3), ("v6", 40, 49, "me", 0.3)])  # fmt: skip
    scorer = F1Scorer(truth, VIDEOS)
    among = np.array([True] + [False] * SUBJECTS)
    chosen, counts = operating_point(found, scorer, among, (0.2, 0.6))
    assert chosen["me"] == 0.6
    assert counts[0, 0].tolist() == [1, 0, 1] and counts[6, 0].tolist() == [0, 0, 2]
    chosen, counts = operating_point(found, scorer, ~among, (0.2, 0.6))
    assert chosen["me"] == 0.2 and counts[6, 0].tolist() == [2, 0, 0]


def test_the_score_of_an_interval_reaches_the_threshold_of_its_type():
    found = scored([("v0", 0, 9, "me", 0.5), ("v0", 20, 29, "mae", 0.5), ("v1", 0, 9, "me", 0.4)])
    kept = above(found, {"me": 0.5, "mae": 0.6})
    assert kept[["video", "type"]].values.tolist() == [["v0", "me"]]
    assert above(found, {"me": 0.0})["type"].tolist() == ["me", "me"]  # no threshold: none
    assert kept.index.tolist() == [0]


def test_one_event_credits_one_interval():
    found = scored(
        [("v0", 10, 19, "me", 0.5), ("v0", 11, 19, "me", 0.9), ("v0", 70, 79, "me", 1.0)]
    )
    assert hits(found, F1Scorer(events(), VIDEOS)).sum() == 1
    assert hits(found[2:], F1Scorer(events(), VIDEOS)).tolist() == [0]
