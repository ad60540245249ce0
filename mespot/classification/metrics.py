"""Figures of a classification: UAR, WAR, recall per class, F1, confusion matrix. Pure NumPy.

UAR, the unweighted average recall, is the mean of the recalls of the classes that occur in the
truth; WAR, the weighted one, is the accuracy. Both as in the DFEW, FERV39k and MAFW protocols;
over several processes they come from the gathered predictions, never from means of means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClipMetrics:
    """Figures of one list.

    Attributes:
        clips: number of clips.
        uar: mean recall of the classes in the truth.
        war: share of right clips.
        f1_macro: mean F1 of the classes in truth or prediction.
        f1_weighted: mean F1 of the classes in the truth, weighted by their clips.
        recalls: (K,) recall per class; NaN for a class without a clip.
        confusion: (K, K) clips, rows = truth, columns = prediction.
    """

    clips: int
    uar: float
    war: float
    f1_macro: float
    f1_weighted: float
    recalls: np.ndarray
    confusion: np.ndarray


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count pairs of classes.

    Args:
        truth: (n,) labels, 0-based.
        predicted: (n,) labels.
        classes: K.

    Returns:
        (K, K) int64, rows = truth, columns = prediction.
    """
    pairs = np.asarray(truth, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def clip_metrics(truth: np.ndarray, predicted: np.ndarray, classes: int) -> ClipMetrics:
    """Score predictions.

    Args:
        truth: (n,) labels, 0-based, n > 0.
        predicted: (n,) labels.
        classes: K.
    """
    confusion = confusion_matrix(truth, predicted, classes)
    hits = np.diag(confusion).astype(np.float64)
    wanted, given = confusion.sum(1), confusion.sum(0)
    recalls = np.divide(hits, wanted, out=np.full(classes, np.nan), where=wanted > 0)
    f1 = np.divide(2 * hits, wanted + given, out=np.zeros(classes), where=wanted + given > 0)
    total = int(confusion.sum())
    return ClipMetrics(
        clips=total,
        uar=float(np.nanmean(recalls)),
        war=float(hits.sum() / total),
        f1_macro=float(f1[wanted + given > 0].mean()),
        f1_weighted=float((f1 * wanted).sum() / total),
        recalls=recalls,
        confusion=confusion,
    )
