"""From the score of a member to the probability that its interval is a hit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from mespot.core.events import TYPES

_LEAST = 0.005  # scores closer to 0 or 1 have no finite odds worth the name


@dataclass(frozen=True)
class Sigmoid:
    """Probability as a rising logistic function of the log odds of the score.

    Attributes:
        slope: at least 0, so that the order of intervals stays.
        bias: log odds at score 0.5.
    """

    slope: float
    bias: float

    def apply(self, score: np.ndarray) -> np.ndarray:
        """Probabilities (n,) of scores (n,) in [0, 1]."""
        return 1.0 / (1.0 + np.exp(-(self.slope * log_odds(score) + self.bias)))

    def as_dict(self) -> dict[str, float]:
        """Plain mapping, for JSON."""
        return asdict(self)


def log_odds(score: np.ndarray) -> np.ndarray:
    """Log odds of probabilities, finite also at 0 and 1."""
    clipped = np.clip(np.asarray(score, dtype=np.float64), _LEAST, 1.0 - _LEAST)
    return np.log(clipped / (1.0 - clipped))


def fit_sigmoid(score: np.ndarray, hit: np.ndarray) -> Sigmoid:
    """Fit the calibration of a score (Platt 1999, with his targets, which never are 0 or 1).

    Args:
        score: (n,) in [0, 1].
        hit: (n,) 0 or 1.

    Returns:
        the calibration; with hits or misses alone, or where a higher score means fewer hits, the
        same probability for every score.
    """
    from sklearn.linear_model import LogisticRegression

    hit = np.asarray(hit, dtype=np.float64)
    yes, no = hit.sum(), (1.0 - hit).sum()
    share = (yes + 1.0) / (yes + no + 2.0)
    flat = Sigmoid(0.0, float(np.log(share / (1.0 - share))))
    if not yes or not no:
        return flat
    target = np.where(hit > 0, (yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
    value = np.tile(log_odds(score), 2)[:, None]
    answer = np.repeat([1, 0], len(hit))
    model = LogisticRegression(C=1e3, max_iter=1000)
    model.fit(value, answer, sample_weight=np.concatenate((target, 1.0 - target)))
    slope = float(model.coef_[0, 0])
    return Sigmoid(slope, float(model.intercept_[0])) if slope > 0 else flat


def calibrated(intervals: pd.DataFrame, sigmoids: Mapping[str, Sigmoid]) -> pd.DataFrame:
    """Replace the scores of a table of intervals by probabilities, per type."""
    table = intervals.copy()
    score = table["score"].to_numpy(dtype=np.float64)
    for kind in TYPES:
        rows = (table["type"] == kind).to_numpy()
        score = np.where(rows, sigmoids[kind].apply(score), score)
    table["score"] = score
    return table


def reliability(
    kinds: np.ndarray, predicted: np.ndarray, hit: np.ndarray, bins: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare probabilities with what came true.

    Args:
        kinds: (n,) type of each interval.
        predicted: (n,) probability of a hit.
        hit: (n,) 0 or 1.
        bins: number of equally wide bins of the probability.

    Returns:
        the bins that hold any (type, bin, predicted, observed, count), and the calibration (type,
        ece, brier, count): ``ece`` is the expected calibration error, the mean distance of a bin's
        prediction to its share of hits, weighted by its count, ``brier`` the mean squared error.
        Both have rows of ``overall``, too.
    """
    rows, figures = [], []
    place = np.minimum((predicted * bins).astype(np.int64), bins - 1)
    for kind in (*TYPES, "overall"):
        chosen = kinds == kind if kind != "overall" else np.ones(len(kinds), dtype=bool)
        error = 0.0
        for number in np.unique(place[chosen]):
            inside = chosen & (place == number)
            mean, share = float(predicted[inside].mean()), float(hit[inside].mean())
            rows.append((kind, int(number), mean, share, int(inside.sum())))
            error += inside.sum() * abs(mean - share)
        count = int(chosen.sum())
        squared = (predicted[chosen] - hit[chosen]) ** 2
        brier = float(squared.mean()) if count else 0.0
        figures.append((kind, error / max(count, 1), brier, count))
    columns = ["type", "bin", "predicted", "observed", "count"]
    return (
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(figures, columns=["type", "ece", "brier", "count"]),
    )
