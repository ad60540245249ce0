"""Uncertainty of F1 by resampling subjects.

Expressions of one subject are not independent, so whole subjects are drawn with replacement
(cluster bootstrap); a draw is a row of weights, which makes all draws one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.core.errors import MespotError
from mespot.metric.counts import f1_score


@dataclass(frozen=True)
class ConfidenceInterval:
    """A figure with its percentile interval."""

    value: float
    low: float
    high: float


def draw_weights(subjects: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw subjects with replacement.

    Args:
        subjects: number of subjects, S.
        draws: number of draws, D.
        rng: seeded generator.

    Returns:
        (D, S) how often each draw holds each subject; rows add up to S.

    Raises:
        MespotError: no subject or no draw.
    """
    if subjects < 1 or draws < 1:
        raise MespotError(f"bootstrap: found {subjects} subjects and {draws} draws, expected >= 1")
    return rng.multinomial(subjects, np.full(subjects, 1.0 / subjects), size=draws)


def f1_interval(
    table: np.ndarray, weights: np.ndarray, confidence: float = 0.95
) -> ConfidenceInterval:
    """Percentile interval of the pooled F1.

    Args:
        table: (S, 3) TP, FP, FN per subject.
        weights: (D, S) from ``draw_weights``.
        confidence: coverage, for example 0.95 for the 2.5th to the 97.5th percentile.

    Returns:
        the F1 of all subjects with its interval; one subject alone gives a width of 0, which says
        nothing about other people.
    """
    low, high = _percentiles(f1_score(weights @ table), confidence)
    return ConfidenceInterval(float(f1_score(table.sum(axis=0))), low, high)


def paired_difference(
    table: np.ndarray, other: np.ndarray, weights: np.ndarray, confidence: float = 0.95
) -> ConfidenceInterval:
    """Interval of the difference in F1 of two systems, both seen on the same draws.

    Args:
        table: (S, 3) TP, FP, FN per subject of one system.
        other: (S, 3) of the other one, subjects in the same order.
        weights: (D, S) from ``draw_weights``.
        confidence: coverage.

    Returns:
        F1 of the first less F1 of the second; an interval without 0 is a difference that does not
        hang on a few subjects.
    """
    value = f1_score(table.sum(axis=0)) - f1_score(other.sum(axis=0))
    low, high = _percentiles(f1_score(weights @ table) - f1_score(weights @ other), confidence)
    return ConfidenceInterval(float(value), low, high)


def _percentiles(values: np.ndarray, confidence: float) -> tuple[float, float]:
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)
