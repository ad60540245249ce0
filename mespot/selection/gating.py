"""What a gate on the model's slices costs and saves, on other subjects than the choice saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from mespot.events import TYPES, empty_intervals
from mespot.metric import F1Scorer
from mespot.selection.candidates import Signals
from mespot.selection.model_branch import SliceScores, model_output
from mespot.selection.setting import ModelSetting
from mespot.slices.gate import Gate


def gated(slices: SliceScores, signals: Signals, gate: float) -> tuple[SliceScores, int]:
    """Set the scores of closed slices to 0; also gives the number of open ones."""
    taken = Gate(signals.time, signals.strength, gate).open(slices.start, slices.length)
    scores = slices.scores * taken[:, None, None]
    return replace(slices, scores=scores), int(taken.sum())


def gate_table(
    videos: pd.DataFrame,
    events: pd.DataFrame,
    slices: Mapping[float, Mapping[str, SliceScores]],
    signals: Mapping[str, Signals],
    granularities: Sequence[float],
    chosen: Mapping[str, Mapping[str, ModelSetting]],
    folds: Mapping[str, int],
    rate: float,
    gates: Sequence[float],
    min_iou: float,
) -> pd.DataFrame:
    """Measure the model branch behind gates of the flow branch.

    The settings stay those that the search chose without a gate on the other folds.

    Args:
        videos: columns video, subject, fps, frames.
        events: the truth.
        slices: length -> video -> slice scores.
        signals: video -> flow signals.
        granularities: seconds, in the order of the score columns.
        chosen: type -> fold number as text -> setting.
        folds: subject -> fold.
        rate: moments per second of scores over time.
        gates: noise SDs; 0 = none.
        min_iou: IoU of a hit.

    Returns:
        columns gate, clips_per_second (clips that the classifiers score per second of video,
        slices of all lengths times granularities) and the out-of-fold f1_me, f1_mae, f1_overall.
    """
    scorer = F1Scorer(events, videos["video"].tolist(), min_iou=min_iou)
    seconds = float((videos["frames"] / videos["fps"]).sum())
    rows = []
    for gate in gates:
        clips, tables = 0, [empty_intervals()]
        for row in videos.itertuples():
            own = {}
            for length, scored in slices.items():
                own[length], count = gated(scored[row.video], signals[row.video], gate)
                clips += count * len(granularities)
            for kind in TYPES:
                setting = chosen[kind][str(folds[row.subject])]
                found = model_output(
                    row.video, row.fps, int(row.frames), own, granularities, kind, setting, rate
                )
                tables.append(found.intervals)
        tallies = scorer.score(pd.concat(tables, ignore_index=True)).tallies()
        figures = {f"f1_{kind}": tally.f1 for kind, tally in tallies.items()}
        rows.append({"gate": gate, "clips_per_second": clips / seconds, **figures})
    return pd.DataFrame(rows)
