"""Everything that fusion chooses and fits, on the videos that it may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.fusion.calibration import Sigmoid, calibrated, fit_sigmoid
from mespot.fusion.members import MEMBERS, Scorers, member_intervals, values_of
from mespot.fusion.operating_point import above, hits, operating_point
from mespot.fusion.scorer import fit, label, learned_scores
from mespot.metric import F1Scorer, draw_weights, f1_score
from mespot.params.fuse import FuseParams


@dataclass(frozen=True)
class Fitted:
    """One member at its operating point.

    Attributes:
        value: its own parameter, 0 where it has none.
        thresholds: type -> score from which on its intervals are given out.
        sigmoids: type -> calibration of its score.
        counts: (V, T, 3) TP, FP and FN of all videos where it was chosen; those of the learned
            member come from scorers that did not see the subject.
        f1: overall F1 of the videos that the choice saw.
    """

    value: float
    thresholds: dict[str, float]
    sigmoids: dict[str, Sigmoid]
    counts: np.ndarray
    f1: float

    def as_dict(self) -> dict[str, Any]:
        """Plain mapping, for JSON."""
        return {
            "value": self.value,
            "thresholds": self.thresholds,
            "calibration": {kind: one.as_dict() for kind, one in self.sigmoids.items()},
            "f1_where_chosen": self.f1,
        }


@dataclass
class Choice:
    """The members of the search under one setting of the model branch.

    Attributes:
        pool: candidates of all videos, see ``mespot.fusion.candidates``.
        subject_of: video -> subject.
        events: the truth; only that of the videos in ``among`` is looked at.
        scorer: the same truth and the full list of videos.
        among: (V,) True for the videos that the choice may see.
        params: section ``fuse``.
        min_iou: IoU of a hit.
        seed: of the draws behind the standard error.
        draws: their number.
        scorers: fitted on the videos in ``among``.
        members: name -> the member as chosen.
        best: the member that answers.
    """

    pool: pd.DataFrame
    subject_of: Mapping[str, str]
    events: pd.DataFrame
    scorer: F1Scorer
    among: np.ndarray
    params: FuseParams
    min_iou: float
    seed: int
    draws: int
    scorers: Scorers = field(init=False)
    members: dict[str, Fitted] = field(init=False)
    best: str = field(init=False)

    def __post_init__(self) -> None:
        seen = {video for video, one in zip(self.scorer.videos, self.among, strict=True) if one}
        known = self.pool[self.pool["video"].isin(seen)].reset_index(drop=True)
        hit = label(known, self.events, self.min_iou)
        learned = fit(known, hit, self.params.penalty)
        blank = Scorers({}, {}, learned)
        sigmoids = {
            name: self._sigmoids(member_intervals(name, 0.0, known, blank, self.params.max_iou))
            for name in ("flow", "model")
        }
        self.scorers = Scorers(sigmoids["flow"], sigmoids["model"], learned)
        subjects = known["video"].map(dict(self.subject_of)).to_numpy()
        apart = learned_scores(known, hit, subjects, self.params)
        self.members = {name: self._member(name, known, apart) for name in MEMBERS}
        self.best = self._simplest_of_the_best()

    def scored(self, name: str, videos: set[str]) -> pd.DataFrame:
        """All intervals of one member in some videos, with probabilities."""
        return calibrated(self._raw(name, videos), self.members[name].sigmoids)

    def final(self, name: str, videos: set[str]) -> pd.DataFrame:
        """Intervals of one member in some videos at its operating point, with probabilities."""
        member = self.members[name]
        return calibrated(above(self._raw(name, videos), member.thresholds), member.sigmoids)

    def as_dict(self) -> dict[str, Any]:
        """Plain mapping, for JSON."""
        members = {name: member.as_dict() for name, member in self.members.items()}
        return {"member": self.best, "members": members}

    def _raw(self, name: str, videos: set[str]) -> pd.DataFrame:
        pool = self.pool[self.pool["video"].isin(videos)].reset_index(drop=True)
        value = self.members[name].value
        return member_intervals(name, value, pool, self.scorers, self.params.max_iou)

    def _member(self, name: str, known: pd.DataFrame, apart: pd.DataFrame) -> Fitted:
        tried = []
        for value in values_of(name, self.params):
            table = (
                apart
                if name == "learned"
                else member_intervals(name, value, known, self.scorers, self.params.max_iou)
            )
            thresholds, counts = operating_point(
                table, self.scorer, self.among, self.params.thresholds
            )
            f1 = float(f1_score(counts[self.among].sum(axis=(0, 1))))
            tried.append((f1, value, thresholds, counts, table))
        f1, value, thresholds, counts, table = max(tried, key=lambda one: one[0])
        return Fitted(value, thresholds, self._sigmoids(table), counts, f1)

    def _sigmoids(self, table: pd.DataFrame) -> dict[str, Sigmoid]:
        hit, score = hits(table, self.scorer), table["score"].to_numpy(dtype=np.float64)
        rows = {kind: (table["type"] == kind).to_numpy() for kind in TYPES}
        return {kind: fit_sigmoid(score[rows[kind]], hit[rows[kind]]) for kind in TYPES}

    def _simplest_of_the_best(self) -> str:
        """The first member that is not worse than the best by more than chance.

        With few subjects the best of many members is often the luckiest one: a less simple one
        has to lead by ``caution`` standard errors of the difference, over resampled subjects.
        """
        videos = np.flatnonzero(self.among)
        names = np.array([self.subject_of[self.scorer.videos[video]] for video in videos])
        subjects, codes = np.unique(names, return_inverse=True)
        weights = draw_weights(len(subjects), self.draws, np.random.default_rng(self.seed))

        def draws(name: str) -> np.ndarray:
            table = np.zeros((len(subjects), 3))
            np.add.at(table, codes, self.members[name].counts[videos].sum(axis=1))
            return f1_score(weights @ table)

        top = max(MEMBERS, key=lambda name: self.members[name].f1)
        best = draws(top)
        for name in MEMBERS:
            behind = self.members[top].f1 - self.members[name].f1
            if behind <= self.params.caution * float(np.std(best - draws(name))) + 1e-12:
                return name
        return top
