"""Scoring of CSV files: anybody's predictions against anybody's truth, by any protocol."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mespot.core.errors import MespotError
from mespot.metric import (
    F1Scorer,
    Protocol,
    choose_protocol,
    draw_weights,
    f1_interval,
    f1_score,
    recognise,
    spotted_pairs,
)
from mespot.metric.counts import OVERALL, Counts
from mespot.scoring.sets import ScoredFiles, ScoredSet, load_set, pool_sets

CONFIDENCE = 0.95  # of the intervals
DRAWS = 1000  # over subjects
SEED = 7  # of the draws


@dataclass(frozen=True)
class ScoreRules:
    """How to score.

    Attributes:
        protocol: with the caller's choices in it, see ``choose_protocol``.
        min_iou: smallest IoU of a hit, in (0, 1].
        draws: bootstrap draws over subjects; 0 = no intervals.
        seed: of the draws.
        branch: of predictions with a column ``branch``, the one to score.
        classes: emotions of the spot-then-recognise score; None: all of the truth.
    """

    protocol: Protocol
    min_iou: float = 0.5
    draws: int = DRAWS
    seed: int = SEED
    branch: str | None = None
    classes: tuple[str, ...] | None = None


def score_files(
    pred_csv: str | os.PathLike[str],
    truth_csv: str | os.PathLike[str],
    untyped: bool = False,
    protocol: str = "megc",
    videos_csv: str | os.PathLike[str] | None = None,
    fps: float | None = None,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Score one file of predictions; ``score_sets`` is the same with every choice.

    Files have ``vid`` (or ``video``), ``onset``, ``offset`` (inclusive frames in the same
    numbering) and ``type``; further columns are allowed. Without ``videos_csv`` the list of videos
    is the union of both files, so a predicted video without an event costs its predictions as FP.

    Args:
        pred_csv: predictions, as in a challenge submission.
        truth_csv: events.
        untyped: let intervals of different types match; then only ``overall`` is given.
        protocol: name from ``mespot.metric.protocol``.
        videos_csv: the full list of videos; a row elsewhere is an error then.
        fps: frames per second, for protocols that go by length.
        draws: bootstrap draws over subjects; 0 = no intervals.

    Returns:
        see ``score_sets``.

    Raises:
        MespotError: naming file, row, what was found and what is expected.
    """
    rules = ScoreRules(choose_protocol(protocol, typed=not untyped), draws=draws)
    return score_sets([ScoredFiles(pred_csv, truth_csv, videos_csv, fps)], rules)


def score_sets(files: Sequence[ScoredFiles], rules: ScoreRules) -> dict[str, Any]:
    """Score one or several data sets; the counts of several are added.

    Args:
        files: of each data set.
        rules: how to score.

    Returns:
        plain values for JSON: ``me`` and ``mae`` (where types count) and ``overall``, each with
        tp, fp, fn, precision, recall, f1 and, with draws, ``f1_low`` and ``f1_high``; the rules
        (``protocol``, ``rule``, ``matching``, ``strict``, ``untyped``, ``min_iou``, ``draws``,
        ``seed``, ``confidence``); ``videos`` (counted ones), ``listed_videos``, ``events``,
        ``predictions``, ``subjects``; ``by_subject``, a list; ``unknown_videos``: predicted
        videos that the truth does not name; ``notes``; and ``strs`` for protocol ``strs`` with
        emotions in both files.

    Raises:
        MespotError: naming file, row, what was found and what is expected.
    """
    return score_loaded(load_sets(files, rules), rules)


def load_sets(files: Sequence[ScoredFiles], rules: ScoreRules) -> ScoredSet:
    """Read and join the files of all data sets.

    Raises:
        MespotError: see ``load_set`` and ``pool_sets``.
    """
    return pool_sets([load_set(one, rules.protocol, rules.branch) for one in files])


def make_scorer(data: ScoredSet, rules: ScoreRules) -> F1Scorer:
    """Prepare the truth of ``data`` for scoring.

    Raises:
        MespotError: a rule is out of its range.
    """
    return F1Scorer(
        data.truth,
        data.videos,
        rules.min_iou,
        protocol=rules.protocol,
        fps=data.fps,
        subjects=data.subjects,
    )


def score_loaded(data: ScoredSet, rules: ScoreRules) -> dict[str, Any]:
    """Score tables that are read already; see ``score_sets``.

    Raises:
        MespotError: a rule is out of its range.
    """
    if rules.draws < 0:
        raise MespotError(f"draws: found {rules.draws}, expected 0 or more")
    protocol = rules.protocol
    scorer = make_scorer(data, rules)
    counts = scorer.score(data.predictions)
    counted = np.flatnonzero(counts.counted)
    names, tables = _counted_subjects(counts, data.subjects)
    result: dict[str, Any] = {
        **_figures(counts, tables, len(names), rules),
        "protocol": protocol.name,
        "rule": protocol.describe(),
        "matching": protocol.matching,
        "strict": protocol.strict,
        "untyped": protocol.typing == "none",
        "min_iou": rules.min_iou,
        "draws": rules.draws,
        "seed": rules.seed,
        "confidence": CONFIDENCE,
        "videos": int(counted.size),
        "listed_videos": len(data.videos),
        "events": len(scorer.truth),
        "predictions": len(data.predictions),
        "subjects": len(names),
        "by_subject": _rows(names, tables),
        "unknown_videos": data.unknown,
        "notes": [*data.notes, *_notes(counts, data, rules)],
    }
    if protocol.name == "strs" and {"emotion"} <= {*data.truth} & {*data.predictions}:
        result["strs"] = _recognition(data, rules, result[OVERALL]["f1"])
    return result


def _figures(
    counts: Counts, tables: dict[str, np.ndarray], subjects: int, rules: ScoreRules
) -> dict[str, Any]:
    figures = {name: tally.as_dict() for name, tally in counts.tallies().items()}
    if rules.draws and subjects:
        weights = draw_weights(subjects, rules.draws, np.random.default_rng(rules.seed))
        for name, row in figures.items():
            interval = f1_interval(tables[name], weights, CONFIDENCE)
            row["f1_low"], row["f1_high"] = interval.low, interval.high
    return figures


def _counted_subjects(
    counts: Counts, subjects: Sequence[str]
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Pool by subject; a subject of whom no video counts is not resampled."""
    names, tables = counts.by_subject(subjects)
    present = set(np.asarray(subjects, dtype=object)[counts.counted].tolist())
    kept = np.asarray([name in present for name in names], dtype=bool)
    return [name for name in names if name in present], {
        kind: table[kept] for kind, table in tables.items()
    }


def _rows(names: Sequence[str], tables: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return [
        {
            "subject": name,
            **{
                kind: {
                    **dict(zip(("tp", "fp", "fn"), table[row].tolist(), strict=True)),
                    "f1": float(f1_score(table[row])),
                }
                for kind, table in tables.items()
            },
        }
        for row, name in enumerate(names)
    ]


def _notes(counts: Counts, data: ScoredSet, rules: ScoreRules) -> list[str]:
    notes = []
    protocol = rules.protocol
    if protocol.typing == "length" and data.fps is None:
        notes.append("no fps: without --fps there is no split by length, only overall")
    left_out = len(data.videos) - int(counts.counted.sum())
    if left_out:
        notes.append(f"{left_out} of {len(data.videos)} videos are not counted by {protocol.name}")
    if (counts.table[..., 1:].sum(axis=0) < 0).any():
        notes.append("counts below 0: here one interval may count several times, as in the source")
    if protocol.missing_offset:
        missing = int((data.truth["offset"] < data.truth["onset"]).sum())
        if missing:
            notes.append(f"{missing} events have no offset (0) and cannot be hit")
    if "official_onset" in data.truth:
        notes.append("frames of the truth are those of its columns onset and offset (0-based)")
    return notes


def _recognition(data: ScoredSet, rules: ScoreRules, spotting: float) -> dict[str, Any]:
    truth, found = data.truth, data.predictions
    if rules.protocol.typing == "label":  # the rows that the scorer keeps, in their order
        truth, found = (table[table["type"].isin(rules.protocol.types)] for table in (truth, found))
    scorer = make_scorer(data, rules)
    pairs = spotted_pairs(scorer.candidates(scorer.read(data.predictions)))
    figures = recognise(
        truth["emotion"].to_numpy(dtype=str)[pairs.truth],
        found["emotion"].to_numpy(dtype=str)[pairs.predicted],
        rules.classes or sorted(set(truth["emotion"])),
    )
    return {
        "classes": list(figures.classes),
        "pairs": figures.pairs,
        "precision": figures.precision,
        "recall": figures.recall,
        "f1_spotting": spotting,
        "f1_analysis": figures.f1,
        "uf1": figures.uf1,
        "strs": spotting * figures.f1,
    }
