"""Members of the fusion search: rules and a learned scorer, all from the same candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mespot.core.events import INTERVAL_COLUMNS, TYPES
from mespot.fusion.calibration import Sigmoid
from mespot.fusion.scorer import TypeScorer, apply, suppress_overlaps
from mespot.params.fuse import FuseParams


@dataclass(frozen=True)
class Scorers:
    """What was fitted, each type -> how it scores.

    Attributes:
        flow: probability from the flow branch's score.
        model: probability from the model branch's score.
        learned: probability from all features.
    """

    flow: Mapping[str, Sigmoid]
    model: Mapping[str, Sigmoid]
    learned: Mapping[str, TypeScorer]


Rule = Callable[[pd.DataFrame, float, Scorers], np.ndarray]
"""From candidates, the rule's parameter and the scorers to scores (n,); NaN = not taken."""


def _flow(pool: pd.DataFrame, value: float, scorers: Scorers) -> np.ndarray:
    return pool["flow_score"].to_numpy()


def _model(pool: pd.DataFrame, value: float, scorers: Scorers) -> np.ndarray:
    return pool["model_score"].to_numpy()


def _union(pool: pd.DataFrame, value: float, scorers: Scorers) -> np.ndarray:
    flow = probability(pool, "flow_score", scorers.flow)
    model = probability(pool, "model_score", scorers.model)
    return np.fmax(flow, model)


def _intersection(pool: pd.DataFrame, value: float, scorers: Scorers) -> np.ndarray:
    flow = probability(pool, "flow_score", scorers.flow)
    model = probability(pool, "model_overlap", scorers.model)
    return np.where(pool["model_overlap"] > 0, np.minimum(flow, model), np.nan)


def _weighted(pool: pd.DataFrame, value: float, scorers: Scorers) -> np.ndarray:
    return value * pool["flow_same"].to_numpy() + (1.0 - value) * pool["model_mean"].to_numpy()


def _model_confirms(pool: pd.DataFrame, value: float, scorers: Scorers) -> np.ndarray:
    return np.where(pool["model_mean"] >= value, pool["flow_score"], np.nan)


def _flow_confirms(pool: pd.DataFrame, value: float, scorers: Scorers) -> np.ndarray:
    model = np.fmax(pool["model_score"].to_numpy(), pool["near_score"].to_numpy())
    return np.where(pool["flow_same"] >= value, model, np.nan)


RULES: dict[str, Rule] = {
    "flow": _flow,
    "model": _model,
    "union": _union,
    "intersection": _intersection,
    "model_confirms_flow": _model_confirms,
    "flow_confirms_model": _flow_confirms,
    "weighted": _weighted,
}
MEMBERS = (*RULES, "learned")
"""From the simplest to the least simple: of equally good ones the first is taken.

flow, model
    one branch alone
union
    the intervals of both, by their probability
intersection
    flow intervals that a model interval of the same type overlaps
model_confirms_flow
    flow intervals in which the model's mean score reaches a limit
flow_confirms_model
    model intervals, also near misses, that a flow interval with some score overlaps
weighted
    all candidates by a mix of flow score and mean model score
learned
    all candidates by a logistic function of their features
"""


def probability(pool: pd.DataFrame, column: str, sigmoids: Mapping[str, Sigmoid]) -> np.ndarray:
    """Probabilities of a column of scores, by each candidate's type; NaN stays NaN."""
    score = pool[column].to_numpy(dtype=np.float64)
    result = np.full(len(pool), np.nan)
    for kind in TYPES:
        rows = (pool["type"] == kind).to_numpy()
        result[rows] = sigmoids[kind].apply(score[rows])
    return result


def values_of(member: str, params: FuseParams) -> tuple[float, ...]:
    """Values tried of a member's own parameter; (0,) where it has none."""
    if member == "weighted":
        return params.weights
    return params.limits if "confirms" in member else (0.0,)


def member_intervals(
    member: str, value: float, pool: pd.DataFrame, scorers: Scorers, max_iou: float
) -> pd.DataFrame:
    """Intervals of one member with its own score, before any operating point.

    Args:
        member: one of ``MEMBERS``.
        value: its parameter.
        pool: candidates, of any number of videos.
        scorers: what was fitted.
        max_iou: overlap above which the worse of two intervals goes, where a member joins
            candidates of both branches.

    Returns:
        columns of ``mespot.core.events.INTERVAL_COLUMNS``.
    """
    if member == "learned":
        return apply(pool, scorers.learned, max_iou)
    score = RULES[member](pool, value, scorers)
    table = pool[["video", "onset", "offset", "type"]].assign(score=score)
    table = table[~np.isnan(score)].reset_index(drop=True)[list(INTERVAL_COLUMNS)]
    return suppress_overlaps(table, max_iou) if member in ("union", "weighted") else table
