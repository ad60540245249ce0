"""What a gate on the model's slices costs and saves, on other subjects than the choice saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from mespot.core.events import TYPES
from mespot.metric import F1Scorer
from mespot.params.grid import GridParams
from mespot.search.grid import search
from mespot.search.model_branch import SliceScores
from mespot.search.setting import ModelSetting
from mespot.slices.gate import FlowStrength, Gate


def gated(slices: SliceScores, signals: FlowStrength, gate: float) -> tuple[SliceScores, int]:
    """Set the scores of closed slices to 0; also gives the number of open ones."""
    taken = Gate(signals.time, signals.strength, gate).open(slices.start, slices.length)
    scores = slices.scores * taken[:, None, None]
    return replace(slices, scores=scores), int(taken.sum())


def gate_table(
    videos: pd.DataFrame,
    events: pd.DataFrame,
    slices: Mapping[float, Mapping[str, SliceScores]],
    signals: Mapping[str, FlowStrength],
    granularities: Sequence[float],
    chosen: Mapping[str, Mapping[str, ModelSetting]],
    folds: Mapping[str, int],
    grid: GridParams,
    min_iou: float,
) -> pd.DataFrame:
    """Measure the model branch behind gates of the flow branch.

    Behind each gate the settings are chosen anew, as a run with that gate would choose them, but
    among the slice lengths that some fold chose without one.

    Args:
        videos: columns video, subject, fps, frames.
        events: the truth.
        slices: length -> video -> slice scores.
        signals: video -> flow signals.
        granularities: seconds, in the order of the score columns.
        chosen: type -> fold number as text, or ``all`` -> setting chosen without a gate.
        folds: subject -> fold.
        grid: the search space, and the gates in noise SDs; 0 = none.
        min_iou: IoU of a hit.

    Returns:
        columns gate, clips_per_second (clips that the classifiers score per second of video,
        slices of all lengths times granularities) and the out-of-fold f1_me, f1_mae, f1_overall.
    """
    scorer = F1Scorer(events, videos["video"].tolist(), min_iou=min_iou)
    seconds = float((videos["frames"] / videos["fps"]).sum())
    used = {
        kind: sorted({length for one in chosen[kind].values() for length in one.lengths})
        for kind in TYPES
    }
    spaces = {
        kind: getattr(grid, kind).model_copy(update={"lengths": tuple(used[kind])})
        for kind in TYPES
    }
    rows = []
    for gate in grid.gates:
        clips, behind = 0, {}
        for length, scored in slices.items():
            behind[length] = {}
            for video, one in scored.items():
                behind[length][video], count = gated(one, signals[video], gate)
                clips += count * len(granularities)
        found = search(
            videos, events, behind, granularities, folds, grid.model_copy(update=spaces), min_iou
        )
        tallies = scorer.score(found.intervals).tallies()
        figures = {f"f1_{kind}": tally.f1 for kind, tally in tallies.items()}
        rows.append({"gate": gate, "clips_per_second": clips / seconds, **figures})
    return pd.DataFrame(rows)
