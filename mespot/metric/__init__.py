"""The MEGC spotting metric: arrays in, figures out, no files (NumPy; SciPy for the matching).

Conventions:

* Intervals are inclusive frame numbers; the index base does not matter as long as truth and
  predictions share it. IoU is taken over frame sets: ``min(offsets) - max(onsets) + 1`` over the
  size of the union; a prediction can hit an event from IoU >= 0.5 on.
* The standard protocol is ``megc``; ``mespot.metric.protocol`` names others, each after its
  source, and what they change. What follows holds for ``megc``.
* Matching is one-to-one within a video and of maximum size: two predictions on one event give one
  TP and one FP, one prediction over two events gives one TP and one FN.
* ``typed`` (the standard): only intervals of the same type can match, the type of an event being
  the annotators'. Type-blind: types are ignored, and there is only an overall figure.
* Counts are pooled over the *full* list of videos, also those without events: their predictions
  are FP. Overall is the sum of the counts of both types, never a mean of F1 values.
* P, R and F1 are 0 where undefined.

Truth and predictions are anything with columns: a DataFrame or a dict of arrays with ``video``
(name), ``onset``, ``offset``, ``type`` (``me`` or ``mae``,
unread in type-blind mode) and, for curves, ``score``.

Source: the MEGC 2020-2022 rules; pooling reproduces the counts of their leaderboards.
"""

from mespot.metric.batch import count_sets
from mespot.metric.bootstrap import ConfidenceInterval, draw_weights, f1_interval, paired_difference
from mespot.metric.counts import Counts, Tally, f1_score
from mespot.metric.curve import Curve, average_precision, precision_recall
from mespot.metric.match import MATCHINGS, match
from mespot.metric.protocol import (
    ALIASES,
    PROTOCOLS,
    Protocol,
    choose_protocol,
    find_protocol,
)
from mespot.metric.recognition import Recognition, recognise, spotted_pairs
from mespot.metric.scorer import F1Scorer, count

__all__ = [
    "ALIASES",
    "Counts",
    "Curve",
    "F1Scorer",
    "ConfidenceInterval",
    "MATCHINGS",
    "PROTOCOLS",
    "Protocol",
    "Recognition",
    "Tally",
    "average_precision",
    "choose_protocol",
    "count",
    "count_sets",
    "draw_weights",
    "f1_interval",
    "f1_score",
    "find_protocol",
    "match",
    "paired_difference",
    "precision_recall",
    "recognise",
    "spotted_pairs",
]
