"""The numbers of a data set: metrics file and tables behind its plots.

Every figure is pooled over the full list of videos and comes with a percentile interval over
resampled subjects; all branches are seen on the same draws, so their differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.metric import (
    Counts,
    Curve,
    F1Scorer,
    average_precision,
    draw_weights,
    f1_interval,
    paired_difference,
    precision_recall,
)
from mespot.params.report import ReportParams

BRANCHES = ("model", "flow", "fused")
KINDS = (*TYPES, "overall")


@dataclass(frozen=True)
class ScoredBranch:
    """What matching the intervals of one branch gave, which all figures and tables read.

    Attributes:
        counts: by video and type.
        untyped: by video, types ignored.
        subjects: sorted names.
        tables: type or ``overall`` -> (S, 3) TP, FP, FN of each subject.
        untyped_table: (S, 3), types ignored.
        curves: type or ``overall`` -> precision over recall.
    """

    counts: Counts
    untyped: Counts
    subjects: list[str]
    tables: dict[str, np.ndarray]
    untyped_table: np.ndarray
    curves: dict[str, Curve]


def score_branches(
    videos: pd.DataFrame, events: pd.DataFrame, fused: pd.DataFrame, min_iou: float
) -> dict[str, ScoredBranch]:
    """Match the intervals of every branch once.

    Args:
        videos: ``videos.csv``: the full list, with ``subject`` and ``video``.
        events: ``events.csv``.
        fused: out-of-fold intervals with ``branch`` (model, flow or fused), ``video``, ``onset``,
            ``offset``, ``type``, ``score``.
        min_iou: IoU of a hit.

    Raises:
        MespotError: an unknown branch, or a row in a video outside the list.
    """
    typed = F1Scorer(events, videos["video"], min_iou)
    blind = F1Scorer(events, videos["video"], min_iou, typed=False)
    scored = {}
    for branch, rows in _branches(fused):
        counts, untyped = typed.score(rows), blind.score(rows)
        subjects, tables = counts.by_subject(videos["subject"])
        pooled = untyped.by_subject(videos["subject"])[1]["overall"]
        curves = precision_recall(typed, rows)
        scored[branch] = ScoredBranch(counts, untyped, subjects, tables, pooled, curves)
    return scored


def summarise(
    dataset: str,
    videos: pd.DataFrame,
    events: pd.DataFrame,
    scored: Mapping[str, ScoredBranch],
    params: ReportParams,
    seed: int,
) -> dict[str, Any]:
    """Build the content of ``metrics/<dataset>.json``.

    Args:
        dataset: name of the data set.
        videos: ``videos.csv``: the full list, with ``subject``, ``video``, ``frames``, ``fps``.
        events: ``events.csv``.
        scored: from ``score_branches``.
        params: section ``report``.
        seed: of the bootstrap draws.

    Returns:
        plain values: what was scored (``data``), how (``protocol``), per branch and type the
        counts, precision, recall, F1 with its interval and average precision (``untyped``: types
        ignored), and in ``gain`` the paired F1 differences of the fused to the single branches.
    """
    weights = _weights(videos, params, seed)
    result: dict[str, Any] = {
        "dataset": dataset,
        "data": _describe(videos, events),
        "protocol": {
            "name": "megc",
            "min_iou": params.min_iou,
            "interval": f"subject bootstrap, {params.confidence:g} of {params.draws} draws",
        },
    }
    for branch, one in scored.items():
        result[branch] = {
            **{
                kind: {
                    **_figures(one.counts, kind, one.tables[kind], weights, params),
                    "ap": average_precision(one.curves[kind]),
                }
                for kind in KINDS
            },
            "untyped": _figures(one.untyped, "overall", one.untyped_table, weights, params),
        }
    result["gain"] = {
        f"fused_over_{other}": {
            kind: _gain(scored["fused"].tables[kind], scored[other].tables[kind], weights, params)
            for kind in KINDS
        }
        for other in ("model", "flow")
    }
    return result


def headline(summary: Mapping[str, Any]) -> dict[str, float]:
    """Reduce a summary to the figures that runs are compared by: F1 by branch and type.

    Args:
        summary: from ``summarise``.

    Returns:
        ``<branch>_f1`` of both types, ``<branch>_me_f1`` and ``<branch>_mae_f1``.
    """
    names = {"overall": "f1", **{kind: f"{kind}_f1" for kind in TYPES}}
    return {
        f"{branch}_{name}": summary[branch][kind]["f1"]
        for branch in reversed(BRANCHES)
        for kind, name in names.items()
    }


def summary_tables(
    videos: pd.DataFrame,
    scored: Mapping[str, ScoredBranch],
    params: ReportParams,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Build the tables behind the plots, for ``metrics/plots/<dataset>_<name>.csv``.

    Args:
        videos: ``videos.csv``.
        scored: from ``score_branches``.
        params: section ``report``.
        seed: of the bootstrap draws; the same seed gives the intervals of ``summarise``.

    Returns:
        ``f1_by_subject`` (branch, type, subject, tp, fp, fn, f1), ``pr`` (branch, type, score,
        precision, recall) and ``ablation`` (name, branch, type, f1, low, high; ``name`` is
        branch and type in one, an axis for ``dvc plots``).
    """
    weights = _weights(videos, params, seed)
    subjects, curves, ablation = [], [], []
    for branch, one in scored.items():
        for kind in KINDS:
            table, curve = one.tables[kind], one.curves[kind]
            interval = f1_interval(table, weights, params.confidence)
            name = f"{branch} {kind}"
            ablation.append((name, branch, kind, interval.value, interval.low, interval.high))
            for subject, (tp, fp, fn) in zip(one.subjects, table.tolist(), strict=True):
                # a subject with neither events nor predictions has no F1: no point in the plot
                if tp + fp + fn:
                    f1 = 2 * tp / (2 * tp + fp + fn)
                    subjects.append((branch, kind, subject, tp, fp, fn, f1))
            curves.extend(
                (branch, kind, *point)
                for point in zip(curve.score, curve.precision, curve.recall, strict=True)
            )
    return {
        "f1_by_subject": pd.DataFrame(
            subjects, columns=["branch", "type", "subject", "tp", "fp", "fn", "f1"]
        ),
        "pr": pd.DataFrame(curves, columns=["branch", "type", "score", "precision", "recall"]),
        "ablation": pd.DataFrame(ablation, columns=["name", "branch", "type", "f1", "low", "high"]),
    }


def _weights(videos: pd.DataFrame, params: ReportParams, seed: int) -> np.ndarray:
    return draw_weights(videos["subject"].nunique(), params.draws, np.random.default_rng(seed))


def _branches(fused: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    unknown = sorted({*fused["branch"]} - {*BRANCHES})
    if unknown:
        raise MespotError(
            f"intervals: column branch: found {unknown[0]!r}, expected {', '.join(BRANCHES)}"
        )
    for branch in BRANCHES:
        yield branch, fused[fused["branch"] == branch]


def _describe(videos: pd.DataFrame, events: pd.DataFrame) -> dict[str, Any]:
    return {
        "subjects": int(videos["subject"].nunique()),
        "videos": len(videos),
        "videos_with_events": int(videos["video"].isin(events["video"]).sum()),
        "minutes": float((videos["frames"] / videos["fps"]).sum() / 60.0),
        "events": {
            **{name: int((events["type"] == name).sum()) for name in TYPES},
            "overall": len(events),
        },
    }


def _figures(
    counts: Counts, kind: str, table: np.ndarray, weights: np.ndarray, params: ReportParams
) -> dict[str, float]:
    interval = f1_interval(table, weights, params.confidence)
    return {
        **counts.tally(kind).as_dict(),
        "f1_low": interval.low,
        "f1_high": interval.high,
    }


def _gain(
    fused: np.ndarray, other: np.ndarray, weights: np.ndarray, params: ReportParams
) -> dict[str, float]:
    gain = paired_difference(fused, other, weights, params.confidence)
    return {"f1": gain.value, "f1_low": gain.low, "f1_high": gain.high}
