"""The numbers of a data set: metrics file and tables behind its plots.

Every figure is pooled over the full list of videos and comes with a percentile interval over
resampled subjects; all branches are seen on the same draws, so their differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mespot.errors import MespotError
from mespot.events import TYPES
from mespot.metric import (
    Counts,
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


def summarise(
    dataset: str,
    videos: pd.DataFrame,
    events: pd.DataFrame,
    fused: pd.DataFrame,
    params: ReportParams,
    seed: int,
) -> dict[str, Any]:
    """Build the content of ``metrics/<dataset>.json``.

    Args:
        dataset: name of the data set.
        videos: ``videos.csv``: the full list, with ``subject``, ``video``, ``frames``, ``fps``.
        events: ``events.csv``.
        fused: out-of-fold intervals with ``branch`` (model, flow or fused), ``video``, ``onset``,
            ``offset``, ``type``, ``score``.
        params: section ``report``.
        seed: of the bootstrap draws.

    Returns:
        plain values: what was scored (``data``), how (``protocol``), per branch and type the
        counts, precision, recall, F1 with its interval and average precision (``untyped``: types
        ignored), and in ``gain`` the paired F1 differences of the fused to the single branches.

    Raises:
        MespotError: an unknown branch, or a row in a video outside the list.
    """
    weights = _weights(videos, params, seed)
    tables: dict[str, dict[str, np.ndarray]] = {}
    result: dict[str, Any] = {
        "dataset": dataset,
        "data": _describe(videos, events),
        "protocol": {
            "name": "megc",
            "min_iou": params.min_iou,
            "interval": f"subject bootstrap, {params.confidence:g} of {params.draws} draws",
        },
    }
    for branch, rows in _branches(fused):
        typed = F1Scorer(events, videos["video"], params.min_iou)
        blind = F1Scorer(events, videos["video"], params.min_iou, typed=False)
        counts, untyped = typed.score(rows), blind.score(rows)
        _, tables[branch] = counts.by_subject(videos["subject"])
        _, pooled = untyped.by_subject(videos["subject"])
        curves = precision_recall(typed, rows)
        result[branch] = {
            **{
                kind: {
                    **_figures(counts, kind, tables[branch][kind], weights, params),
                    "ap": average_precision(curves[kind]),
                }
                for kind in KINDS
            },
            "untyped": _figures(untyped, "overall", pooled["overall"], weights, params),
        }
    result["gain"] = {
        f"fused_over_{other}": {
            kind: _gain(tables["fused"][kind], tables[other][kind], weights, params)
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
    events: pd.DataFrame,
    fused: pd.DataFrame,
    params: ReportParams,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Build the tables behind the plots, for ``metrics/plots/<dataset>_<name>.csv``.

    Args:
        videos: ``videos.csv``.
        events: ``events.csv``.
        fused: intervals, see ``summarise``.
        params: section ``report``.
        seed: of the bootstrap draws; the same seed gives the intervals of ``summarise``.

    Returns:
        ``f1_by_subject`` (branch, type, subject, tp, fp, fn, f1), ``pr`` (branch, type, score,
        precision, recall) and ``ablation`` (name, branch, type, f1, low, high; ``name`` is
        branch and type in one, an axis for ``dvc plots``).
    """
    weights = _weights(videos, params, seed)
    subjects, curves, ablation = [], [], []
    for branch, rows in _branches(fused):
        scorer = F1Scorer(events, videos["video"], params.min_iou)
        counts = scorer.score(rows)
        names, tables = counts.by_subject(videos["subject"])
        traced = precision_recall(scorer, rows)
        for kind in KINDS:
            table, curve = tables[kind], traced[kind]
            interval = f1_interval(table, weights, params.confidence)
            name = f"{branch} {kind}"
            ablation.append((name, branch, kind, interval.value, interval.low, interval.high))
            for subject, (tp, fp, fn) in zip(names, table.tolist(), strict=True):
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
