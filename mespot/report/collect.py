"""From the artifacts of a pipeline run to what its page says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mespot.evaluation.strata import (
    f1_by_bin,
    judged_spans,
    seconds_of,
    span_means,
    tertile_edges,
)
from mespot.evaluation.summary import BRANCHES
from mespot.evaluation.verdicts import judge
from mespot.flow.signals import FlowSignals

_FUSION = ("ablation", "differences", "reliability", "oracle")


def judge_branches(events: pd.DataFrame, intervals: pd.DataFrame, min_iou: float) -> pd.DataFrame:
    """Judge every branch; rows of ``judge`` with a column ``branch``."""
    parts = [
        judge(events, intervals[intervals["branch"] == branch], min_iou).assign(branch=branch)
        for branch in BRANCHES
    ]
    return pd.concat(parts, ignore_index=True)


def split_by_condition(
    verdicts: pd.DataFrame,
    fps: Mapping[str, float],
    signals_of: Callable[[str], FlowSignals],
    durations: tuple[float, ...],
) -> dict[str, pd.DataFrame]:
    """Score by duration and by head motion.

    Args:
        verdicts: from ``judge_branches``.
        fps: of every video.
        signals_of: gives the flow signals of a video; asked once per video.
        durations: inner borders of the bins, s.

    Returns:
        ``by_duration`` and ``by_head_motion``, see ``f1_by_bin``.
    """
    spans = judged_spans(verdicts)
    motion = np.zeros(len(verdicts))
    for video, rows in verdicts.groupby("video").indices.items():
        signals = signals_of(str(video))
        motion[rows] = span_means(signals.frame, signals.head_motion, spans[rows])
    events = (verdicts["verdict"] != "false").to_numpy()
    return {
        "by_duration": f1_by_bin(verdicts, seconds_of(verdicts, fps), durations, "s"),
        "by_head_motion": f1_by_bin(verdicts, motion, tertile_edges(motion[events]), "IOD/s"),
    }


def read_fusion(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the tables that the stage fuse wrote."""
    return {name: pd.read_csv(folder / f"{name}.csv") for name in _FUSION}


def chosen_settings(grid: Mapping[str, Any], fused: Mapping[str, Any]) -> pd.DataFrame:
    """Put what was chosen for every fold into words.

    Args:
        grid: ``artifacts/grid/<dataset>/chosen.json``.
        fused: ``artifacts/fuse/<dataset>/chosen.json``.
    """
    rows = []
    for kind, folds in grid.get("chosen", {}).items():
        for fold, setting in folds.items():
            rows.append((fold, f"model branch, {kind}", _settings(setting)))
    for fold, choice in fused.items():
        if not isinstance(choice, Mapping) or "member" not in choice:
            continue
        member = choice["member"]
        points = choice["members"][member]["thresholds"]
        rows.append((fold, "fusion", f"{_words(member)}, {_settings(points, 'threshold ')}"))
    names = {"all": "final system"}
    table = pd.DataFrame(rows, columns=["fold", "of", "chosen"])
    table = table.sort_values(["of", "fold"], kind="stable", ignore_index=True)
    return table.assign(
        fold=[names.get(str(fold), f"scoring fold {fold}") for fold in table["fold"]]
    )


def _settings(setting: Mapping[str, Any], before: str = "") -> str:
    parts = []
    for key, value in setting.items():
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        parts.append(f"{before}{_words(key)} {shown}")
    return ", ".join(parts)


def _words(name: str) -> str:
    return name.replace("_", " ")
