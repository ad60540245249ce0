from __future__ import annotations

import json

import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.evaluation.summary import score_branches, summarise, summary_tables
from mespot.params import load_params

PARAMS = load_params().report.model_copy(update={"draws": 200, "confidence": 0.9})
VIDEOS = pd.DataFrame(
    {
        "subject": ["s1", "s1", "s2", "s3"],
        "video": ["a", "b", "c", "d"],
        "fps": 30.0,
        "frames": [900, 900, 1800, 1800],
    }
)
EVENTS = pd.DataFrame(
    {
        "video": ["a", "a", "c", "d"],
        "onset": [10, 100, 20, 5],
        "offset": [20, 160, 90, 14],
        "type": ["me", "mae", "mae", "me"],
    }
)


def found(branch: str, rows: list[int], score: float = 0.8) -> pd.DataFrame:
    return EVENTS.iloc[rows].assign(branch=branch, score=score)


def false_alarm(branch: str, video: str) -> pd.DataFrame:
    row = {"branch": branch, "video": video, "onset": 500, "offset": 510, "type": "me"}
    return pd.DataFrame([row | {"score": 0.3}])


FUSED = pd.concat(
    [found("model", [0, 1]), found("fused", [0, 1, 2]), false_alarm("fused", "b")],
    ignore_index=True,
)


def scored(fused: pd.DataFrame):
    return score_branches(VIDEOS, EVENTS, fused, PARAMS.min_iou)


def summary_of(fused: pd.DataFrame, seed: int):
    return summarise("toy", VIDEOS, EVENTS, scored(fused), PARAMS, seed)


def test_counts_are_pooled_over_all_videos():
    summary = summary_of(FUSED, 3)
    fused = summary["fused"]
    assert [fused["me"][key] for key in ("tp", "fp", "fn")] == [1, 1, 1]
    assert [fused["mae"][key] for key in ("tp", "fp", "fn")] == [2, 0, 0]
    assert [fused["overall"][key] for key in ("tp", "fp", "fn")] == [3, 1, 1]
    assert fused["overall"]["f1"] == pytest.approx(0.75)
    assert fused["overall"]["ap"] == pytest.approx(0.75)
    assert fused["overall"]["f1_low"] < 0.75 < fused["overall"]["f1_high"]
    assert [summary["flow"]["overall"][key] for key in ("tp", "fp", "fn")] == [0, 0, 4]
    assert summary["data"] == {
        "subjects": 3,
        "videos": 4,
        "videos_with_events": 3,
        "minutes": pytest.approx(3.0),
        "events": {"me": 2, "mae": 2, "overall": 4},
    }
    json.dumps(summary, allow_nan=False)


def test_types_count_unless_untyped():
    swapped = found("fused", [1, 2]).assign(type="me")
    fused = summary_of(swapped, 3)["fused"]
    assert fused["overall"]["tp"] == 0
    assert fused["untyped"]["tp"] == 2


def test_gain_is_paired_and_signed():
    gain = summary_of(FUSED, 3)["gain"]
    over_model = gain["fused_over_model"]["mae"]
    assert over_model["f1"] == pytest.approx(1.0 - 2 / 3)
    assert over_model["f1_low"] >= 0.0  # the model finds nothing that the fusion misses
    assert gain["fused_over_flow"]["overall"]["f1"] == pytest.approx(0.75)


def test_tables_agree_with_the_summary():
    summary = summary_of(FUSED, 3)
    tables = summary_tables(VIDEOS, scored(FUSED), PARAMS, 3)
    ablation = tables["ablation"].set_index(["branch", "type"])
    assert len(ablation) == 9
    for (branch, kind), row in ablation.iterrows():
        figures = summary[branch][kind]
        assert (row["f1"], row["low"], row["high"]) == pytest.approx(
            (figures["f1"], figures["f1_low"], figures["f1_high"])
        )
    subjects = tables["f1_by_subject"]
    for (branch, kind), rows in subjects.groupby(["branch", "type"]):
        totals = rows[["tp", "fp", "fn"]].sum().tolist()
        assert totals == [summary[branch][kind][key] for key in ("tp", "fp", "fn")]
    silent = subjects[(subjects["subject"] == "s2") & (subjects["type"] == "me")]
    assert silent.empty  # neither events nor predictions: no F1
    points = tables["pr"]
    last = points[(points["branch"] == "fused") & (points["type"] == "overall")].iloc[-1]
    assert last[["score", "precision", "recall"]].tolist() == [0.3, 0.75, 0.75]


def test_the_seed_alone_decides_the_interval():
    one, same, other = (summary_of(FUSED, seed) for seed in (3, 3, 4))
    assert one == same
    assert one["fused"]["overall"]["f1"] == other["fused"]["overall"]["f1"]


def test_an_unknown_branch_or_video_is_an_error():
    with pytest.raises(MespotError, match="found 'best', expected model, flow, fused"):
        summary_of(found("best", [0]), 3)
    with pytest.raises(MespotError, match="video 'z' is not in the list of 4 videos"):
        summary_of(false_alarm("fused", "z"), 3)
