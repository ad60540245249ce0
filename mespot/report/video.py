"""What the page needs to draw the timeline of one video, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mespot.evaluation.verdicts import judge
from mespot.flow.signals import FlowSignals
from mespot.params.report import PageParams
from mespot.plots.areas import Area, group_regions
from mespot.plots.decimation import decimate, runs_of_true
from mespot.report.thumbnails import Crops, make_sprite
from mespot.speech.share import SPEAKS

BRANCH_ORDER = ("fused", "model", "flow")
_SHUT = 0.5  # blink from which on the eyes count as closed
_LINE_COLOUR = 1  # of an area's colours: the middle of the face


@dataclass(frozen=True)
class VideoView:
    """One video as the page shows it.

    Attributes:
        name: id.
        signals: flow signals.
        intervals: found intervals: ``onset``, ``offset`` (0-based frames), ``type``, ``score``,
            and ``branch`` where there are several.
        truth: events with ``onset``, ``offset``, ``type``; None where nobody knows them.
        crops: aligned faces; None leaves the pictures out.
        numbers: (frames,) frame numbers of the input; None counts from 0.
        subject: who is seen.
        verdicts: rows of ``judge`` about this video with a column ``branch``; None matches anew.
    """

    name: str
    signals: FlowSignals
    intervals: pd.DataFrame
    truth: pd.DataFrame | None
    crops: Crops | None
    numbers: np.ndarray | None = None
    subject: str = ""
    verdicts: pd.DataFrame | None = None


def area_displacement(signals: FlowSignals) -> tuple[list[Area], np.ndarray]:
    """Largest displacement among the regions of every facial area.

    Returns:
        the areas, top of the face first, and (N, areas) % IOD.
    """
    size = 100.0 * np.linalg.norm(np.asarray(signals.displacement, dtype=np.float64), axis=2)
    groups = group_regions(signals.regions)
    columns = [size[:, members].max(axis=1) for _, members in groups]
    return [area for area, _ in groups], np.stack(columns, axis=1)  # (N, A)


def timeline(
    view: VideoView, threshold: float, min_iou: float, params: PageParams
) -> dict[str, Any]:
    """Collect the timeline of a video.

    Args:
        view: the video.
        threshold: evidence in noise SDs at which a bump counts half.
        min_iou: IoU of a hit.
        params: section ``report.page``.

    Returns:
        plain values; times in s, displacement in % IOD, evidence in noise SDs.
    """
    signals = view.signals
    areas, moved = area_displacement(signals)
    whole = np.column_stack([signals.strength, signals.head_motion, moved])  # (N, 2 + A)
    time, shown = decimate(np.asarray(signals.time, dtype=np.float64), whole, params.samples // 2)
    rows = _rows(view, min_iou)
    spans = [(bar["start"], bar["end"]) for _, bars in rows for bar in bars]
    sprite = None
    if view.crops is not None:
        sprite = make_sprite(view.crops, signals.time, np.array(spans), params).as_dict()
    return {
        "name": view.name,
        "subject": view.subject,
        "fps": round(signals.fps, 6),
        "end": round(signals.frames / signals.fps, 3),
        "first": _first_number(view.numbers),
        "threshold": threshold,
        "time": _numbers(time, 3),
        "evidence": _numbers(shown[:, 0], 2),
        "head": _numbers(shown[:, 1], 3),
        "areas": [
            {
                "name": area.name,
                "colour": area.colours[_LINE_COLOUR],
                "moved": _numbers(shown[:, 2 + place], 2),
            }
            for place, area in enumerate(areas)
        ],
        "blinks": _spans(signals, np.asarray(signals.blink) >= _SHUT),
        "speech": _spans(signals, np.asarray(signals.speech) >= SPEAKS),
        "faceless": _spans(signals, ~(np.asarray(signals.confidence) > 0.0)),
        "rows": [{"name": name, "bars": bars} for name, bars in rows],
        "counts": _counts(rows),
        "sprite": sprite,
    }


def _rows(view: VideoView, min_iou: float) -> list[tuple[str, list[dict[str, Any]]]]:
    """Bars of the truth and of every branch; truth is judged by the first branch."""
    found = view.intervals.assign(video=view.name)
    if "branch" not in found.columns:
        found = found.assign(branch="found")
    present = set(found["branch"])
    order = [name for name in BRANCH_ORDER if name in present]
    order += sorted(present - {*order}) or ([] if order else ["found"])
    rows: list[tuple[str, list[dict[str, Any]]]] = []
    for name in order:
        mine = found[found["branch"] == name]
        if view.truth is None:
            unjudged = mine.assign(verdict="found").to_dict("records")
            rows.append((name, [_bar(view, row, ("onset", "offset")) for row in unjudged]))
            continue
        if view.verdicts is None:
            judged = judge(view.truth.assign(video=view.name), mine, min_iou)
        else:
            judged = view.verdicts[view.verdicts["branch"] == name]
        if not rows:
            known = judged[judged["verdict"] != "false"].assign(score=np.nan)
            bars = [_bar(view, row, ("onset", "offset")) for row in known.to_dict("records")]
            rows.append(("truth", bars))
        made = judged[judged["verdict"] != "miss"].to_dict("records")
        rows.append((name, [_bar(view, row, ("found_onset", "found_offset")) for row in made]))
    return rows


def _bar(view: VideoView, row: dict[str, Any], ends: tuple[str, str]) -> dict[str, Any]:
    onset, offset = int(row[ends[0]]), int(row[ends[1]])
    numbers, fps = view.numbers, view.signals.fps
    score = float(row["score"])
    return {
        "type": row["type"],
        "verdict": row["verdict"],
        "start": round(onset / fps, 3),
        "end": round((offset + 1) / fps, 3),
        "onset": onset if numbers is None else int(numbers[onset]),
        "offset": offset if numbers is None else int(numbers[offset]),
        "score": round(score, 3) if np.isfinite(score) else None,
    }


def _counts(rows: Sequence[tuple[str, list[dict[str, Any]]]]) -> dict[str, int]:
    """Hits, misses and false alarms of the first branch; or how much was found."""
    counts: dict[str, int] = {}
    for name, bars in rows[:2]:
        for bar in bars:
            if name != "truth" and bar["verdict"] == "hit":
                continue  # counted as an event already
            counts[bar["verdict"]] = counts.get(bar["verdict"], 0) + 1
        if name != "truth":
            break
    return counts


def _first_number(numbers: np.ndarray | None) -> int | None:
    """Number of the first frame, where the others simply count on from it."""
    if numbers is None:
        return 0
    steady = len(numbers) and int(numbers[-1]) - int(numbers[0]) == len(numbers) - 1
    return int(numbers[0]) if steady else None


def _spans(signals: FlowSignals, flags: np.ndarray) -> list[list[float]]:
    time = np.asarray(signals.time, dtype=np.float64)
    return [
        [round(float(time[first]), 3), round(float(time[last] + signals.step), 3)]
        for first, last in runs_of_true(flags)
    ]


def _numbers(values: np.ndarray, digits: int) -> list[float | None]:
    return [
        round(value, digits) if np.isfinite(value) else None
        for value in np.asarray(values, dtype=np.float64).tolist()
    ]
