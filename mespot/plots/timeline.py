"""Timeline of one video: what moved, how strong the evidence is, and what was found."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import TICKDOWN, Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mespot.core.events import TYPES
from mespot.metric import match
from mespot.plots.areas import group_regions
from mespot.plots.canvas import new_figure, plain_style, save_png
from mespot.plots.colours import TYPE_COLOURS, TYPE_NAMES
from mespot.plots.timeline_panels import (
    BLINK_COLOUR,
    NO_FACE_COLOUR,
    SPEECH_COLOUR,
    Window,
    draw_displacement,
    draw_evidence,
    draw_head,
    draw_intervals,
    largest_displacement,
    shade_states,
)

_WIDTH, _LEFT, _RIGHT = 14.0, 0.85, 1.15  # inches
_HEADER, _ABOVE, _BELOW, _GAP = 0.68, 0.36, 0.5, 0.09
_LANE, _EVIDENCE, _HEAD, _BRANCH = 0.6, 1.1, 0.5, 0.3
_ROW_SECONDS, _MOST_ROWS = 40.0, 6
_MINOR = 5  # parts between two ticks of time
_ORDER = ("fused", "model", "flow")


def draw_timeline(
    path: str | os.PathLike[str],
    signals: Any,
    intervals: pd.DataFrame,
    truth: pd.DataFrame | None = None,
    *,
    title: str,
    fps: float,
    threshold: float,
    min_iou: float = 0.5,
) -> None:
    """Write the timeline of one video as PNG; the same input gives the same bytes.

    Args:
        path: where the PNG goes.
        signals: FlowSignals of the video.
        intervals: found intervals with ``onset``, ``offset``, ``type``, ``score``, and ``branch``
            where there are several; frames of the video, 0-based, inclusive. Where ``apex`` and
            ``peak_sd`` (noise SDs) are there, the evidence panel shows them as dots.
        truth: events with ``onset``, ``offset``, ``type``; bars of found intervals are then filled
            where they hit an event of their type, and open elsewhere. What is a hit says their
            column ``hit``; without it they are matched here.
        title: heading, for example data set and video.
        fps: frames per second of the video.
        threshold: noise SDs at which a bump counts half, drawn as a line.
        min_iou: IoU of a hit.
    """
    with plain_style():
        figure = timeline_figure(
            signals,
            intervals,
            truth,
            title=title,
            fps=fps,
            threshold=threshold,
            min_iou=min_iou,
        )
        save_png(path, figure)


def timeline_figure(
    signals: Any,
    intervals: pd.DataFrame,
    truth: pd.DataFrame | None = None,
    *,
    title: str,
    fps: float,
    threshold: float,
    min_iou: float = 0.5,
) -> Figure:
    """Draw the timeline of one video; arguments as for ``draw_timeline``.

    Up to 40 s stand in one row of panels; longer videos wrap into at most 6 rows, beyond which
    rows get longer and signals are thinned to their extremes.
    """
    time = np.asarray(signals.frame, dtype=np.float64) / fps
    step = float(np.median(np.diff(time))) if time.size > 1 else 1.0 / fps
    rows = _bars(intervals, truth, fps, min_iou)
    end = max([time[-1] + step, *(table["end"].max() for _, table in rows if len(table))])
    windows = _windows(float(end))
    peaks = _peaks(intervals, fps)
    lanes = len(group_regions(signals.regions))
    largest = largest_displacement(signals)
    heights = (_LANE * lanes, _EVIDENCE, _HEAD, _BRANCH * len(rows) + 0.05)
    block = sum(heights) + _GAP * (len(heights) - 1) + _ABOVE + _BELOW
    total = _HEADER + block * len(windows)
    figure = new_figure(_WIDTH, total)
    _draw_header(figure, title, truth is not None, bool(len(peaks)), min_iou, total)
    for number, window in enumerate(windows):
        bottom = total - _HEADER - block * number - _ABOVE
        panels = []
        for height in heights:
            bottom -= height
            box = (
                _LEFT / _WIDTH,
                bottom / total,
                (_WIDTH - _LEFT - _RIGHT) / _WIDTH,
                height / total,
            )
            panels.append(figure.add_axes(box))
            bottom -= _GAP
        draw_displacement(panels[0], signals, time, window, largest)
        draw_evidence(panels[1], signals, time, window, threshold, peaks)
        draw_head(panels[2], signals, time, window)
        draw_intervals(panels[3], rows, window)
        for panel in panels[:3]:
            shade_states(panel, signals, time, step)
        _draw_time(panels, window, fps)
    return figure


def _windows(end: float) -> list[Window]:
    rows = min(_MOST_ROWS, max(1, int(np.ceil(end / _ROW_SECONDS - 0.1))))
    length = end / rows if rows == 1 else float(np.ceil(end / rows))
    return [Window(row * length, (row + 1) * length) for row in range(rows)]


def _bars(
    intervals: pd.DataFrame, truth: pd.DataFrame | None, fps: float, min_iou: float
) -> list[tuple[str, pd.DataFrame]]:
    rows = []
    if truth is not None:
        events = truth[["onset", "offset", "type"]].assign(score=np.nan)
        rows.append(("truth", _timed(events, None, fps, min_iou)))
    if "branch" not in intervals.columns:
        return [*rows, ("found", _timed(intervals, truth, fps, min_iou))]
    present = set(intervals["branch"])
    for branch in (*_ORDER, *sorted(present - set(_ORDER))):
        if branch in present:
            chosen = intervals[intervals["branch"] == branch]
            rows.append((branch, _timed(chosen, truth, fps, min_iou)))
    return rows


def _peaks(intervals: pd.DataFrame, fps: float) -> pd.DataFrame:
    if not {"apex", "peak_sd"} <= set(intervals.columns):
        return pd.DataFrame({"time": [], "height": [], "type": []})
    known = intervals.dropna(subset=["apex", "peak_sd"])
    return pd.DataFrame(
        {
            "time": (known["apex"] + 0.5) / fps,
            "height": known["peak_sd"],
            "type": known["type"],
        }
    )


def _timed(
    table: pd.DataFrame, truth: pd.DataFrame | None, fps: float, min_iou: float
) -> pd.DataFrame:
    hit = np.full(len(table), truth is None)
    if "hit" in table.columns:
        hit = table["hit"].to_numpy(dtype=bool)
    elif truth is not None:
        for kind in TYPES:
            mine = np.flatnonzero(table["type"] == kind)
            events = truth.loc[truth["type"] == kind, ["onset", "offset"]].to_numpy()
            found = table[["onset", "offset"]].to_numpy()[mine]
            hit[mine[match(events, found, min_iou)[:, 1]]] = True
    return table.assign(start=table["onset"] / fps, end=(table["offset"] + 1) / fps, hit=hit)


def _draw_time(panels: list[Axes], window: Window, fps: float) -> None:
    """Ticks of time below the last panel, of frames above the first, and a grid through all."""
    steps = MaxNLocator(nbins=14, steps=[1, 2, 5, 10])
    seconds = steps.tick_values(window.start, window.end)
    for panel in panels:
        panel.set_xlim(window.start, window.end)
    for panel in panels[:-1]:
        panel.vlines(
            seconds,
            0,
            1,
            transform=panel.get_xaxis_transform(),
            colors="#e6e6e6",
            linewidth=0.6,
            zorder=0.5,
        )
    panels[-1].xaxis.set_major_locator(steps)
    between = np.linspace(seconds[:-1], seconds[1:], _MINOR, endpoint=False)[1:].ravel()
    between = between[(between >= window.start) & (between <= window.end)]
    panels[-1].plot(
        between,
        np.zeros_like(between),
        linestyle="none",
        marker=TICKDOWN,
        markersize=2,
        markeredgewidth=0.6,
        color="black",
        transform=panels[-1].get_xaxis_transform(),
        clip_on=False,
    )
    panels[-1].grid(axis="x", color="#e6e6e6", linewidth=0.6)
    panels[-1].set_axisbelow(True)
    panels[-1].tick_params(axis="x", labelsize=8)
    panels[-1].set_xlabel("time, s", fontsize=8, labelpad=1)
    for panel in panels[1:-1]:
        panel.xaxis.set_visible(False)
    frames = MaxNLocator(nbins=14, steps=[1, 2, 5, 10], integer=True)
    ticks = frames.tick_values(window.start * fps, window.end * fps)
    ticks = ticks[(ticks >= window.start * fps) & (ticks <= window.end * fps)]
    panels[0].set_xticks(ticks / fps, [f"{tick:.0f}" for tick in ticks])
    panels[0].xaxis.tick_top()
    panels[0].xaxis.set_label_position("top")
    panels[0].tick_params(axis="x", labelsize=7, colors="#555555")
    panels[0].set_xlabel("frame (0-based)", fontsize=7, color="#555555", labelpad=2)


def _draw_header(
    figure: Figure, title: str, judged: bool, peaked: bool, min_iou: float, total: float
) -> None:
    figure.text(
        _LEFT / _WIDTH,
        1.0 - 0.12 / total,
        title,
        fontsize=12,
        fontweight="bold",
        va="top",
        parse_math=False,
    )
    marks: list[Any] = [
        Patch(facecolor=TYPE_COLOURS[kind], label=f"{TYPE_NAMES[kind]}-expression")
        for kind in TYPES
    ]
    if judged:
        marks.append(
            Patch(facecolor="white", edgecolor="#555555", label=f"false alarm (IoU < {min_iou:g})")
        )
    if peaked:
        marks.append(
            Line2D([], [], color="#555555", linestyle="none", marker="o", label="peak of interval")
        )
    marks += [
        Line2D([], [], color="#555555", linewidth=1.2, label="up"),
        Line2D([], [], color="#555555", linewidth=1.2, linestyle=(0, (1, 1.2)), label="outward"),
        Line2D([], [], color="#4a2377", linewidth=2, label="subject's right (dark)"),
        Line2D([], [], color="#a98bd0", linewidth=2, label="left (light)"),
        Patch(facecolor=SPEECH_COLOUR, alpha=0.4, label="speech"),
        Patch(facecolor=BLINK_COLOUR, alpha=0.5, label="blink"),
        Patch(facecolor="#f0f0f0", edgecolor=NO_FACE_COLOUR, hatch="////", label="no face"),
    ]
    figure.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(_LEFT / _WIDTH - 0.004, 1.0 - 0.4 / total),
        ncols=len(marks),
        fontsize=8,
        frameon=False,
        handlelength=1.4,
        columnspacing=1.4,
        borderpad=0.0,
    )
