"""The fusion of a data set: every choice for a subject made on the other folds' subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mespot.core.events import INTERVAL_COLUMNS, TYPES, empty_intervals
from mespot.core.progress import track
from mespot.fusion.calibration import reliability
from mespot.fusion.candidates import VideoEvidence, candidates
from mespot.fusion.choice import Choice
from mespot.fusion.compare import ablation_tables, optimism
from mespot.fusion.members import MEMBERS
from mespot.fusion.operating_point import hits
from mespot.metric import F1Scorer
from mespot.params.fuse import FuseParams
from mespot.params.report import ReportParams
from mespot.search.setting import ModelSetting

Evidence = Callable[[Mapping[str, ModelSetting]], list[VideoEvidence]]
"""From the model branch's settings to the evidence of all videos."""


@dataclass(frozen=True)
class FusionResult:
    """Outcome of the fusion of one data set.

    Attributes:
        intervals: out-of-fold; columns ``branch`` (model, flow, fused) and INTERVAL_COLUMNS, the
            score calibrated.
        ablation: out-of-fold counts of every member of the search, per type and overall.
        differences: paired differences in F1 between members.
        reliability: predicted and observed share of hits of the fused intervals, also of those
            below the operating point, out-of-fold.
        calibration: type, ``ece``, ``brier`` and ``count`` of the same intervals.
        oracle: nested F1 beside that of choices on the scored subjects themselves.
        chosen: fold number as text -> member, its operating point, F1 where it was chosen.
        system: what the final system, fitted on all subjects, needs besides the classifiers.
    """

    intervals: pd.DataFrame
    ablation: pd.DataFrame
    differences: pd.DataFrame
    reliability: pd.DataFrame
    calibration: pd.DataFrame
    oracle: pd.DataFrame
    chosen: dict[str, Any]
    system: dict[str, Any]


def fuse(
    videos: pd.DataFrame,
    events: pd.DataFrame,
    evidence: Evidence,
    settings: Mapping[str, Mapping[str, ModelSetting]],
    folds: Mapping[str, int],
    params: FuseParams,
    report: ReportParams,
    seed: int,
) -> FusionResult:
    """Fuse both branches, out-of-fold, and fit the final system on all subjects.

    Args:
        videos: columns video, subject.
        events: the truth.
        evidence: gives the evidence of all videos under settings of the model branch.
        settings: type -> fold number as text, or ``all`` -> setting chosen by the grid.
        folds: subject -> fold.
        params: the search space.
        report: IoU of a hit; draws and confidence of the bootstrap.
        seed: of the bootstrap draws.
    """
    fold = videos["subject"].map(dict(folds)).to_numpy()
    scorer = F1Scorer(events, videos["video"].tolist(), min_iou=report.min_iou)
    subject_of = dict(zip(videos["video"], videos["subject"], strict=True))
    pools = _Pools(evidence, params)

    def choose(name: str, among: np.ndarray) -> Choice:
        pool = pools.of({kind: settings[kind][name] for kind in TYPES})
        return Choice(
            pool, subject_of, events, scorer, among, params, report.min_iou, seed, report.draws
        )

    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in (*MEMBERS, "fused")}
    scored, chosen = [empty_intervals()], {}
    for k in track(sorted(set(fold)), "fusion of folds"):
        choice = choose(str(k), fold != k)
        test = set(videos["video"][fold == k])
        for name in MEMBERS:
            parts[name].append(choice.final(name, test))
        parts["fused"].append(choice.final(choice.best, test))
        scored.append(choice.scored(choice.best, test))
        chosen[str(k)] = choice.as_dict()
    tables = {
        name: pd.concat(tables, ignore_index=True).sort_values(
            ["video", "onset", "offset", "type"], ignore_index=True
        )
        for name, tables in parts.items()
    }
    whole = choose("all", np.ones(len(videos), dtype=bool))
    ablation, differences = ablation_tables(tables, scorer, videos["subject"], report, seed)
    best = max(MEMBERS, key=lambda name: whole.members[name].f1)
    oracle = {"model": "model", "flow": "flow", "fused": best}
    everything = pd.concat(scored, ignore_index=True)
    bins, calibration = reliability(
        everything["type"].to_numpy(),
        everything["score"].to_numpy(dtype=np.float64),
        hits(everything, scorer),
        params.bins,
    )
    branches = [tables[name].assign(branch=name) for name in ("model", "flow", "fused")]
    return FusionResult(
        intervals=pd.concat(branches, ignore_index=True)[["branch", *INTERVAL_COLUMNS]],
        ablation=ablation,
        differences=differences,
        reliability=bins,
        calibration=calibration,
        oracle=optimism(
            ablation,
            {branch: whole.members[name].counts.sum(axis=0) for branch, name in oracle.items()},
        ),
        chosen=chosen,
        system=system_entries(whole),
    )


def system_entries(choice: Choice) -> dict[str, Any]:
    """What a final system stores of a choice, see ``mespot.fusion.system``."""
    scorers, member = choice.scorers, choice.members[choice.best]
    return {
        "member": choice.best,
        **{key: member.as_dict()[key] for key in ("value", "thresholds", "calibration")},
        "scorers": {
            name: {kind: one.as_dict() for kind, one in getattr(scorers, name).items()}
            for name in ("flow", "model", "learned")
        },
    }


class _Pools:
    """Candidates of all videos, made once per setting of the model branch."""

    def __init__(self, evidence: Evidence, params: FuseParams):
        self._evidence, self._params = evidence, params
        self._kept: dict[tuple[ModelSetting, ...], pd.DataFrame] = {}

    def of(self, settings: Mapping[str, ModelSetting]) -> pd.DataFrame:
        key = tuple(settings[kind] for kind in TYPES)
        if key not in self._kept:
            longest, shortest = self._params.me_longest, self._params.mae_shortest
            self._kept[key] = pd.concat(
                [candidates(one, longest, shortest) for one in self._evidence(settings)],
                ignore_index=True,
            )
        return self._kept[key]
