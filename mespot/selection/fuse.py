"""The fusion of a data set: every choice for a subject made on the other folds' subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mespot.events import INTERVAL_COLUMNS, TYPES
from mespot.metric import F1Scorer
from mespot.params.fuse import FuseParams
from mespot.selection.candidates import VideoEvidence, candidates
from mespot.selection.fusion import (
    above,
    apply,
    fit,
    label,
    learned_scores,
    operating_point,
    thin,
)
from mespot.selection.setting import ModelSetting

MEMBERS = ("flow", "model", "union", "learned")  # equal F1: the simpler one, first, is taken
Evidence = Callable[[Mapping[str, ModelSetting]], list[VideoEvidence]]
"""From the model branch's settings to the evidence of all videos."""


@dataclass(frozen=True)
class FusionResult:
    """Outcome of the fusion of one data set.

    Attributes:
        intervals: out-of-fold; columns ``branch`` (model, flow, fused) and INTERVAL_COLUMNS.
        ablation: out-of-fold counts of every member of the search, per type and overall.
        chosen: fold number as text -> member, its operating point, F1 where it was chosen.
        system: what the final system, fitted on all subjects, needs besides the classifiers.
    """

    intervals: pd.DataFrame
    ablation: pd.DataFrame
    chosen: dict[str, Any]
    system: dict[str, Any]


def fuse(
    videos: pd.DataFrame,
    events: pd.DataFrame,
    evidence: Evidence,
    settings: Mapping[str, Mapping[str, ModelSetting]],
    folds: Mapping[str, int],
    params: FuseParams,
    min_iou: float,
) -> FusionResult:
    """Fuse both branches, out-of-fold, and fit the final system on all subjects.

    Args:
        videos: columns video, subject.
        events: the truth.
        evidence: gives the evidence of all videos under settings of the model branch.
        settings: type -> fold number as text, or ``all`` -> setting chosen by the grid.
        folds: subject -> fold.
        params: the search space.
        min_iou: IoU of a hit.
    """
    fold = videos["subject"].map(dict(folds)).to_numpy()
    scorer = F1Scorer(events, videos["video"].tolist(), min_iou=min_iou)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in (*MEMBERS, "fused")}
    chosen: dict[str, Any] = {}
    for k in sorted(set(fold)):
        among = fold != k
        choice = _Choice(
            evidence({kind: settings[kind][str(k)] for kind in TYPES}),
            videos,
            events,
            scorer,
            among,
            params,
            min_iou,
        )
        test = set(videos["video"][~among])
        for name in MEMBERS:
            parts[name].append(_in_videos(choice.final(name), test))
        parts["fused"].append(_in_videos(choice.final(choice.best), test))
        chosen[str(k)] = choice.as_dict()
    tables = {
        name: pd.concat(tables, ignore_index=True).sort_values(
            ["video", "onset", "offset", "type"], ignore_index=True
        )
        for name, tables in parts.items()
    }
    whole = _Choice(
        evidence({kind: settings[kind]["all"] for kind in TYPES}),
        videos,
        events,
        scorer,
        np.ones(len(videos), dtype=bool),
        params,
        min_iou,
    )
    branches = [tables[name].assign(branch=name) for name in ("model", "flow", "fused")]
    return FusionResult(
        intervals=pd.concat(branches, ignore_index=True)[["branch", *INTERVAL_COLUMNS]],
        ablation=_ablation(tables, scorer),
        chosen=chosen,
        system=whole.as_dict() | {"scorers": whole.scorers_as_dict()},
    )


class _Choice:
    """The members of the search under one setting, chosen on the videos that it may see."""

    def __init__(self, evidence, videos, events, scorer, among, params, min_iou):
        self.params = params
        subject_of = dict(zip(videos["video"], videos["subject"], strict=True))
        self.pool = pd.concat(
            [candidates(one, params.me_longest, params.mae_shortest) for one in evidence],
            ignore_index=True,
        )
        seen = self.pool["video"].isin(videos["video"][among]).to_numpy()
        known = self.pool[seen].reset_index(drop=True)
        hit = label(known, events, min_iou)
        subjects = known["video"].map(subject_of).to_numpy()
        self.scorers = fit(known, hit, params.penalty)
        flow = pd.concat([one.flow[list(INTERVAL_COLUMNS)] for one in evidence])
        model = pd.concat([one.model[list(INTERVAL_COLUMNS)] for one in evidence])
        flow = flow.reset_index(drop=True)
        model = model.reset_index(drop=True)
        self.scored = {
            "flow": flow,
            "model": model,
            "union": thin(pd.concat([flow, model], ignore_index=True), params.max_iou),
            "learned": learned_scores(known, hit, subjects, params),
        }
        self.points, self.f1 = {}, {}
        for name in MEMBERS:
            self.points[name], self.f1[name] = operating_point(
                self.scored[name], scorer, among, params.thresholds
            )
        self.best = max(MEMBERS, key=lambda name: self.f1[name])

    def final(self, name: str) -> pd.DataFrame:
        """Intervals of all videos by one member at its operating point."""
        table = (
            apply(self.pool, self.scorers, self.params.max_iou)
            if name == "learned"
            else self.scored[name]
        )
        return above(table, self.points[name])

    def as_dict(self) -> dict[str, Any]:
        return {"member": self.best, "thresholds": self.points, "f1_where_chosen": self.f1}

    def scorers_as_dict(self) -> dict[str, Any]:
        return {kind: scorer.as_dict() for kind, scorer in self.scorers.items()}


def _in_videos(table: pd.DataFrame, videos: set[str]) -> pd.DataFrame:
    return table[table["video"].isin(videos)]


def _ablation(tables: Mapping[str, pd.DataFrame], scorer: F1Scorer) -> pd.DataFrame:
    rows = []
    for name in ("flow", "model", "union", "learned", "fused"):
        for kind, tally in scorer.score(tables[name]).tallies().items():
            rows.append({"member": name, "type": kind, **tally.as_dict()})
    return pd.DataFrame(rows)
