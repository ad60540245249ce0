"""The learned scorer of candidates, and the suppression of overlapping ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mespot.core.events import INTERVAL_COLUMNS, TYPES, empty_intervals, iou_matrix, suppress
from mespot.fusion.candidates import FEATURES
from mespot.params.fuse import FuseParams


@dataclass(frozen=True)
class TypeScorer:
    """Logistic scorer of the candidates of one type.

    Attributes:
        mean, scale: (F,) standardisation of the features.
        weight: (F,) coefficients.
        bias: intercept.
    """

    mean: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    bias: float

    def score(self, features: np.ndarray) -> np.ndarray:
        """Probability that a candidate hits an event of this type.

        Args:
            features: (n, F) in the order of ``mespot.fusion.candidates.FEATURES``.
        """
        value = (features - self.mean) / self.scale @ self.weight + self.bias
        return 1.0 / (1.0 + np.exp(-value))

    def as_dict(self) -> dict[str, object]:
        """Plain mapping, for JSON."""
        return {
            "features": list(FEATURES),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weight": self.weight.tolist(),
            "bias": self.bias,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> TypeScorer:
        """Inverse of ``as_dict``.

        Raises:
            ValueError: fitted on other features.
        """
        if list(value["features"]) != list(FEATURES):  # type: ignore[call-overload]
            raise ValueError("features")
        arrays = [np.asarray(value[key], dtype=np.float64) for key in ("mean", "scale", "weight")]
        return cls(*arrays, bias=float(value["bias"]))  # type: ignore[arg-type]


def label(candidates: pd.DataFrame, events: pd.DataFrame, min_iou: float) -> np.ndarray:
    """Tell which candidates hit an event of their own type (one event may label several).

    Args:
        candidates: columns video, onset, offset, type.
        events: truth with the same columns.
        min_iou: IoU of a hit.

    Returns:
        (n,) 0 or 1.
    """
    hit = np.zeros(len(candidates), dtype=np.int64)
    groups = events.groupby(["video", "type"], sort=False)
    truth = {key: group[["onset", "offset"]].to_numpy() for key, group in groups}
    for key, group in candidates.groupby(["video", "type"], sort=False):
        if key in truth:
            overlap = iou_matrix(group[["onset", "offset"]].to_numpy(), truth[key])
            hit[candidates.index.get_indexer(group.index)] = overlap.max(axis=1) >= min_iou
    return hit


def fit(candidates: pd.DataFrame, hit: np.ndarray, penalty: float) -> dict[str, TypeScorer]:
    """Fit one scorer per type.

    Args:
        candidates: rows with ``FEATURES`` and ``type``.
        hit: (n,) labels from ``label``.
        penalty: inverse strength of the L2 penalty (scikit-learn's C).

    Returns:
        type -> scorer; a type without both hits and misses scores its share of hits.
    """
    # applying a scorer needs none of it, and importing it takes longer than a short video
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scorers = {}
    for kind in TYPES:
        chosen = (candidates["type"] == kind).to_numpy()
        features = candidates.loc[chosen, list(FEATURES)].to_numpy(dtype=np.float64)
        labels = hit[chosen]
        width = len(FEATURES)
        if len(labels) == 0 or labels.min() == labels.max():
            share = float(np.clip(labels.mean() if len(labels) else 0.0, 0.01, 0.99))
            bias = float(np.log(share / (1 - share)))
            scorers[kind] = TypeScorer(np.zeros(width), np.ones(width), np.zeros(width), bias)
            continue
        scaler = StandardScaler().fit(features)
        model = LogisticRegression(C=penalty, max_iter=2000).fit(scaler.transform(features), labels)
        scorers[kind] = TypeScorer(
            scaler.mean_, scaler.scale_, model.coef_[0], float(model.intercept_[0])
        )
    return scorers


def apply(
    candidates: pd.DataFrame, scorers: Mapping[str, TypeScorer], max_iou: float
) -> pd.DataFrame:
    """Score candidates and suppress those that overlap a better one in the same video.

    Args:
        candidates: rows with ``FEATURES``.
        scorers: per type.
        max_iou: overlap above which the worse of two candidates goes, whatever their types.

    Returns:
        columns of ``mespot.core.events.INTERVAL_COLUMNS``.
    """
    scored = candidates[["video", "onset", "offset", "type"]].copy()
    scored["score"] = 0.0
    for kind, scorer in scorers.items():
        chosen = (candidates["type"] == kind).to_numpy()
        features = candidates.loc[chosen, list(FEATURES)].to_numpy(dtype=np.float64)
        scored.loc[chosen, "score"] = scorer.score(features)
    return suppress_overlaps(scored, max_iou)


def suppress_overlaps(intervals: pd.DataFrame, max_iou: float) -> pd.DataFrame:
    """Non-maximum suppression per video, whatever the types."""
    kept = []
    for _, group in intervals.groupby("video", sort=True):
        rows = suppress(group[["onset", "offset"]].to_numpy(), group["score"].to_numpy(), max_iou)
        kept.append(group.iloc[np.sort(rows)])
    table = pd.concat(kept) if kept else intervals
    return table[list(INTERVAL_COLUMNS)].sort_values(
        ["video", "onset", "offset", "type"], ignore_index=True
    )


def learned_scores(
    candidates: pd.DataFrame, hit: np.ndarray, subjects: np.ndarray, params: FuseParams
) -> pd.DataFrame:
    """Score every candidate by scorers fitted without its subject (leave one subject out).

    Args:
        candidates: rows with ``FEATURES``.
        hit: (n,) labels.
        subjects: (n,) subject of each candidate.
        params: penalty and suppression.
    """
    parts = []
    for subject in sorted(set(subjects)):
        inside = subjects == subject
        if inside.all():
            scorers = fit(candidates, hit, params.penalty)
        else:
            rest = candidates[~inside].reset_index(drop=True)
            scorers = fit(rest, hit[~inside], params.penalty)
        parts.append(apply(candidates[inside].reset_index(drop=True), scorers, params.max_iou))
    return pd.concat([empty_intervals(), *parts], ignore_index=True)
