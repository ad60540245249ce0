"""Predictions on real clips against the truth of ``real_truth``: verdicts, figures, totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from real_truth import ClipTruth, covered

from mespot.metric.bootstrap import ConfidenceInterval, draw_weights, f1_interval, paired_difference
from mespot.metric.counts import f1_score
from mespot.metric.match import match

HIT, PIECE, SPEECH, REST, LEFT = "hit", "piece", "speech", "rest", "left alone"
FALSE = (PIECE, SPEECH, REST)
"""Verdicts that count as false alarms."""
TOUCHED = 0.25  # share of an event on which a prediction has to lie to have noticed it
_HALF = 0.5  # of a prediction, on which its verdict depends
_SEED, _DRAWS = 0, 2000
_COUNTS = ("events", "me", "found", "typed", "touched", "fa_speech", "fa_rest", "pieces", "preds")


@dataclass(frozen=True)
class Judged:
    """One clip with a verdict on every prediction.

    Attributes:
        truth: the clip.
        predicted: (m rows) ``onset, offset, type, score``, by onset.
        verdict: (m,) ``HIT``, ``PIECE`` (lies on an event that another one hits, or that all of
            them miss), ``SPEECH``, ``REST``, or ``LEFT``.
        hits: (k, 2) rows of ``truth.must`` and of ``predicted``.
    """

    truth: ClipTruth
    predicted: pd.DataFrame
    verdict: np.ndarray
    hits: np.ndarray

    @property
    def spans(self) -> np.ndarray:
        """(m, 2) onset and offset of the predictions."""
        return self.predicted[["onset", "offset"]].to_numpy(dtype=np.float64)

    @property
    def missed(self) -> np.ndarray:
        """Rows of ``truth.must`` that no prediction hits."""
        return np.setdiff1d(np.arange(len(self.truth.must)), self.hits[:, 0])

    def edge_errors(self) -> np.ndarray:
        """Return (k, 2) predicted minus true onset and offset of the hits, ms: > 0 is late."""
        difference = self.spans[self.hits[:, 1]] - self.truth.must[self.hits[:, 0]]
        return 1000.0 * difference / self.truth.fps


def judge(truth: ClipTruth, predicted: pd.DataFrame, min_iou: float = 0.5) -> Judged:
    """Give a verdict on every prediction of a clip.

    Args:
        truth: the clip.
        predicted: ``onset, offset, type, score`` of this clip; those that begin after the
            annotated frames are dropped.
        min_iou: smallest IoU of a hit.
    """
    predicted = predicted[predicted["onset"] < truth.frames]
    predicted = predicted.sort_values(["onset", "offset"], kind="stable").reset_index(drop=True)
    spans = predicted[["onset", "offset"]].to_numpy(dtype=np.float64)
    hits = match(truth.must, spans, min_iou)
    verdict = np.empty(len(spans), dtype=object)
    for row, span in enumerate(spans):
        if row in hits[:, 1]:
            verdict[row] = HIT
        elif covered(span, truth.must) >= _HALF:
            verdict[row] = PIECE
        elif covered(span, truth.excused()) >= _HALF:
            verdict[row] = LEFT
        else:
            verdict[row] = SPEECH if covered(span, truth.speech) > _HALF else REST
    return Judged(truth, predicted, verdict, hits)


def judge_all(
    truth: dict[str, ClipTruth], intervals: pd.DataFrame, min_iou: float = 0.5
) -> list[Judged]:
    """Judge every clip; ``intervals`` has the column ``vid`` with the clip's name."""
    return [judge(one, intervals[intervals["vid"] == clip], min_iou) for clip, one in truth.items()]


def clip_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """Return one row of counts, seconds and figures per clip."""
    return pd.DataFrame([{**_counts(one), **figures([one])} for one in judged])


def figures(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the figures of some clips together.

    Returns:
        ``precision, recall, f1, typed_f1``, false alarms per minute of speech and of rest, and
        the median absolute errors of onset and offset of the hits, ms (NaN without a hit), with
        the median signed ones (``bias``, late is above 0).
    """
    table = pd.DataFrame([_counts(one) for one in judged])
    total = table.select_dtypes("number").sum()
    tp, fp, fn = count_rows(table).sum(axis=0)
    # fewer than a second is too little to say anything per minute
    speech, quiet = max(total["speech_s"], 1.0), max(total["quiet_s"], 1.0)
    errors = np.concatenate([one.edge_errors() for one in judged])
    errors = errors if len(errors) else np.full((1, 2), np.nan)
    onset, offset = np.median(np.abs(errors), axis=0)
    onset_bias, offset_bias = np.median(errors, axis=0)
    return {
        "precision": tp / max(tp + fp, 1),
        "recall": tp / max(tp + fn, 1),
        "f1": float(f1_score(np.array([tp, fp, fn]))),
        "typed_f1": float(f1_score(count_rows(table, typed=True).sum(axis=0))),
        "false_speech_min": 60.0 * total["fa_speech"] / speech,
        "false_rest_min": 60.0 * total["fa_rest"] / quiet,
        "onset_ms": float(onset),
        "offset_ms": float(offset),
        "onset_bias_ms": float(onset_bias),
        "offset_bias_ms": float(offset_bias),
    }


def totals(judged: Sequence[Judged]) -> dict[str, float]:
    """Return counts of all clips together and their ``figures``."""
    table = pd.DataFrame([_counts(one) for one in judged])
    counts = {name: int(table[name].sum()) for name in _COUNTS}
    return {"clips": len(table), **counts, **figures(judged)}


def count_rows(table: pd.DataFrame, typed: bool = False) -> np.ndarray:
    """Return (n, 3) TP, FP, FN of each row of ``clip_table``.

    Args:
        table: from ``clip_table``, or sums of its rows.
        typed: a hit of the wrong type is a miss and a false alarm.
    """
    right = table["typed"] if typed else table["found"]
    wrong = table["found"] - right
    false = table["fa_speech"] + table["fa_rest"] + table["pieces"] + wrong
    return np.stack([right, false, table["events"] - right], axis=1).astype(np.float64)


def person_interval(judged: Sequence[Judged], typed: bool = False) -> ConfidenceInterval:
    """Return F1 of all clips with its 95 % interval when persons are drawn with replacement."""
    counts = _by_person(judged, typed)
    return f1_interval(counts, _draws(counts))


def person_difference(
    judged: Sequence[Judged], other: Sequence[Judged], typed: bool = False
) -> ConfidenceInterval:
    """Return F1 less that of ``other`` on the same clips, with its interval over persons."""
    counts = _by_person(judged, typed)
    return paired_difference(counts, _by_person(other, typed), _draws(counts))


def _by_person(judged: Sequence[Judged], typed: bool) -> np.ndarray:
    table = pd.DataFrame([_counts(one) for one in judged])
    return pd.DataFrame(count_rows(table, typed)).groupby(table["person"]).sum().to_numpy()


def _draws(counts: np.ndarray) -> np.ndarray:
    return draw_weights(len(counts), _DRAWS, np.random.default_rng(_SEED))


def reliability(judged: Sequence[Judged], bins: int = 5) -> pd.DataFrame:
    """Compare predicted scores with the share of hits, predictions that are left alone aside.

    Args:
        judged: clips.
        bins: bins of equal width over [0, 1].

    Returns:
        per bin ``from, to, predictions, score`` (mean) and ``hits`` (share); NaN in empty bins.
    """
    score = np.concatenate([one.predicted["score"].to_numpy(dtype=float) for one in judged])
    verdict = np.concatenate([one.verdict for one in judged])
    score, hit = score[verdict != LEFT], verdict[verdict != LEFT] == HIT
    place = np.clip((score * bins).astype(int), 0, bins - 1)
    rows = []
    for one in range(bins):
        chosen = place == one
        mean, share = (score[chosen].mean(), hit[chosen].mean()) if chosen.any() else 2 * [np.nan]
        row = {"from": one / bins, "to": (one + 1) / bins, "predictions": int(chosen.sum())}
        rows.append({**row, "score": mean, "hits": share})
    return pd.DataFrame(rows)


def _counts(judged: Judged) -> dict[str, object]:
    truth, predicted, hits = judged.truth, judged.predicted, judged.hits
    kinds = truth.types()
    number = {name: int((judged.verdict == name).sum()) for name in FALSE}
    busy = np.concatenate([truth.speech, truth.excused()])
    seen = [
        any(covered(event, span[None]) > TOUCHED for span in judged.spans) for event in truth.must
    ]
    seconds = truth.frames / truth.fps
    return {
        "clip": truth.clip,
        "person": truth.person,
        "events": len(truth.must),
        "me": int((kinds == "me").sum()),
        "found": len(hits),
        "typed": int((kinds[hits[:, 0]] == predicted["type"].to_numpy()[hits[:, 1]]).sum()),
        "touched": sum(seen),
        "fa_speech": number[SPEECH],
        "fa_rest": number[REST],
        "pieces": number[PIECE],
        "preds": len(predicted),
        "sec": round(seconds, 1),
        "speech_s": round(truth.seconds(truth.speech), 1),
        "quiet_s": round(max(seconds - truth.seconds(busy), 0.0), 1),
    }
