from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mespot.fusion.calibration import Sigmoid
from mespot.fusion.candidates import FEATURES
from mespot.fusion.members import MEMBERS, Scorers, member_intervals, values_of
from mespot.fusion.scorer import TypeScorer

SAME = {kind: Sigmoid(1.0, 0.0) for kind in ("me", "mae")}  # the probability is the score
WIDTH = len(FEATURES)
LEARNED = TypeScorer(np.zeros(WIDTH), np.ones(WIDTH), np.eye(WIDTH)[0], 0.0)
SCORERS = Scorers(SAME, SAME, {"me": LEARNED, "mae": LEARNED})


@pytest.fixture
def pool():
    """A flow interval that the model shares, one of flow alone, one of the model, a near miss."""
    nan = np.nan
    columns = {
        "video": ["v"] * 4,
        "onset": [0, 100, 200, 300],
        "offset": [9, 109, 209, 309],
        "type": ["me", "me", "mae", "mae"],
        "flow_score": [0.6, 0.4, nan, nan],
        "model_score": [nan, nan, 0.8, nan],
        "near_score": [nan, nan, nan, 0.5],
        "model_mean": [0.5, 0.1, 0.7, 0.4],
        "model_overlap": [0.7, 0.0, 0.8, 0.0],
    }
    features = {name: [0.0] * 4 for name in FEATURES} | {"flow_same": [0.6, 0.4, 0.0, 0.3]}
    return pd.DataFrame(columns | features)


def spans(member, value, pool, max_iou=0.2):
    table = member_intervals(member, value, pool, SCORERS, max_iou)
    return dict(zip(table["onset"], table["score"].round(6), strict=True))


def test_rules(pool):
    assert spans("flow", 0.0, pool) == {0: 0.6, 100: 0.4}
    assert spans("model", 0.0, pool) == {200: 0.8}
    assert spans("union", 0.0, pool) == {0: 0.6, 100: 0.4, 200: 0.8}
    assert spans("intersection", 0.0, pool) == {0: 0.6}
    assert spans("model_confirms_flow", 0.3, pool) == {0: 0.6}
    assert spans("flow_confirms_model", 0.1, pool) == {300: 0.5}
    assert spans("weighted", 0.75, pool)[0] == pytest.approx(0.575)
    assert len(spans("weighted", 0.5, pool)) == len(spans("learned", 0.0, pool)) == 4


def test_rules_are_subsets_of_their_branches(pool):
    union = set(spans("union", 0.0, pool))
    flow, model = set(spans("flow", 0.0, pool)), set(spans("model", 0.0, pool))
    assert union == flow | model
    assert set(spans("intersection", 0.0, pool)) <= flow
    for limit in (0.0, 0.3, 1.0):
        assert set(spans("model_confirms_flow", limit, pool)) <= flow
    assert set(spans("model_confirms_flow", 0.0, pool)) == flow


def test_the_union_keeps_the_likelier_of_two_that_overlap(pool):
    pool.loc[2, ["onset", "offset"]] = [1, 10]
    assert spans("union", 0.0, pool) == {1: 0.8, 100: 0.4}
    doubtful = Scorers(SAME, {kind: Sigmoid(1.0, -5.0) for kind in SAME}, SCORERS.learned)
    table = member_intervals("union", 0.0, pool, doubtful, 0.2)
    assert table["onset"].tolist() == [0, 100]


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_takes_an_empty_pool(pool, member):
    assert len(member_intervals(member, 0.5, pool[:0], SCORERS, 0.2)) == 0


def test_members_with_a_parameter_try_its_values(params):
    tried = {name: values_of(name, params.fuse) for name in MEMBERS}
    own = {"weighted": params.fuse.weights}
    own |= dict.fromkeys(("model_confirms_flow", "flow_confirms_model"), params.fuse.limits)
    assert tried == dict.fromkeys(MEMBERS, (0.0,)) | own
