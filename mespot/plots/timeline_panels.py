"""The panels of a timeline: region displacement, evidence, head and face, intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mespot.core.events import TYPES
from mespot.plots.areas import group_regions, outward, side_colour
from mespot.plots.colours import TYPE_COLOURS
from mespot.plots.decimation import decimate, runs_of_true
from mespot.speech.share import SPEAKS

BLINK_COLOUR = "#f2c14e"
SPEECH_COLOUR = "#8fb4e3"
NO_FACE_COLOUR = "#9a9a9a"
_BINS = 1400  # about the pixels of a row


@dataclass(frozen=True)
class Window:
    """The stretch of time that one row of panels shows, in seconds."""

    start: float
    end: float

    def cut(self, time: np.ndarray) -> slice:
        """Return the samples inside, and one more on each side so that lines reach the edges."""
        first = max(int(np.searchsorted(time, self.start)) - 1, 0)
        return slice(first, int(np.searchsorted(time, self.end, side="right")) + 1)


def compress(percent: np.ndarray | float) -> np.ndarray:
    """Scale of the lanes: linear below 1 % IOD, logarithmic above (inverse hyperbolic sine).

    Micro-expressions of 1 % and macro-expressions of 10 % stay visible in the same lane, and noise
    is not blown up.
    """
    return np.arcsinh(percent)


def largest_displacement(signals: Any) -> float:
    """Displacement in % IOD that a lane has to hold: of nearly all samples, at least 2 %."""
    size = np.abs(np.asarray(signals.displacement, dtype=np.float64)) * 100.0
    size = size[np.isfinite(size)]
    return max(2.0, float(np.quantile(size, 0.9995))) if size.size else 2.0


def draw_displacement(
    axes: Axes, signals: Any, time: np.ndarray, window: Window, largest: float
) -> None:
    """Draw one lane per facial area: up (solid) and outward (dotted) in % IOD.

    Args:
        axes: where to draw.
        signals: FlowSignals.
        time: (N,) s.
        window: what to show.
        largest: displacement that a lane holds, % IOD; larger ones run into the next lane.
    """
    part = window.cut(time)
    areas = group_regions(signals.regions)
    half = float(compress(largest)) * 1.12  # half the height of a lane
    moved = compress(np.asarray(signals.displacement[part], dtype=np.float64) * 100.0)  # (n, R, 2)
    marks = [mark for mark in (1, 3, 10, 30) if mark <= largest][-2:]
    marks = marks if largest < 10 else [marks[0], marks[-1]]
    ticks, labels, borders, rulers = [], [], [], []
    for lane, (area, members) in enumerate(areas):
        base = -2.0 * half * lane
        if lane:
            borders.append(base + half)
        for mark in marks:
            for sign in (1.0, -1.0):
                level = base + sign * float(compress(mark))
                rulers.append(level)
                ticks.append(level)
                labels.append(f"{'+' if sign > 0 else chr(0x2212)}{mark:g}")
        ticks.append(base)
        labels.append("0")
        for position in members:
            name = signals.regions[position]
            colour = side_colour(area, name)
            both = np.stack(
                [outward(name) * moved[:, position, 0], -moved[:, position, 1]], axis=1
            )  # (n, 2)
            x, lines = decimate(time[part], both, _BINS)
            axes.plot(x, base + lines[:, 0], color=colour, linewidth=0.7, linestyle=(0, (1, 1.2)))
            axes.plot(x, base + lines[:, 1], color=colour, linewidth=0.9)
        _margin_text(axes, base, area.name, area.colours[1], size=8, weight="bold")
    zeros = [-2.0 * half * lane for lane in range(len(areas))]
    for levels, colour, width in (
        (rulers, "#ededed", 0.6), (zeros, "#cccccc", 0.7), (borders, "#777777", 0.5)
    ):  # fmt: skip
        across = axes.get_yaxis_transform()
        axes.hlines(levels, 0, 1, transform=across, colors=colour, linewidth=width, zorder=0)
    axes.set_ylim(-half * (2 * len(areas) - 1), half)
    axes.set_yticks([])
    _mark_side(axes, ticks, labels, "black", 5)
    axes.set_ylabel("displacement\n% IOD (log above 1)", fontsize=8, labelpad=20)


def draw_evidence(
    axes: Axes,
    signals: Any,
    time: np.ndarray,
    window: Window,
    threshold: float,
    peaks: pd.DataFrame,
) -> None:
    """Draw the overall evidence in noise SDs, linear up to the threshold and logarithmic above.

    The curve is the evidence of the moment; the peak of a whole rise and fall is a dot for each
    interval that carries one. It is one of the things that decide about an interval.

    Args:
        axes: where to draw.
        signals: FlowSignals.
        time: (N,) s.
        window: what to show.
        threshold: noise SDs at which a bump counts half.
        peaks: ``time`` (s), ``height`` (noise SDs) and ``type`` of the intervals' peaks.
    """
    part = window.cut(time)
    x, strength = decimate(time[part], np.asarray(signals.strength[part], dtype=np.float64), _BINS)
    finite = np.asarray(signals.strength, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    tallest = max(float(finite.max(initial=0.0)), float(peaks["height"].max() if len(peaks) else 0))
    top = max(tallest * 1.5, 2.0 * threshold)
    axes.set_yscale("symlog", linthresh=threshold, linscale=1.2)
    axes.axhspan(0.0, 1.0, color="#e4e4e4", zorder=0, linewidth=0)
    axes.fill_between(
        x, threshold, np.maximum(strength, threshold), color="#f4a261", alpha=0.5, linewidth=0
    )
    axes.plot(x, strength, color="#222222", linewidth=0.9)
    axes.axhline(threshold, color="#b3261e", linewidth=0.9, linestyle="--")
    for kind in TYPES:
        dots = peaks[peaks["type"] == kind]
        axes.plot(
            dots["time"],
            dots["height"],
            linestyle="none",
            marker="o",
            markersize=5,
            color=TYPE_COLOURS[kind],
            markeredgecolor="white",
            markeredgewidth=0.6,
        )
    _margin_text(axes, threshold, f"bumps from {threshold:g}", "#b3261e")
    _margin_text(axes, 0.5, "noise (1 SD)", "#777777")
    axes.set_ylim(0.0, top)
    ticks = [0.0, threshold] + [threshold * 2.0**k for k in range(1, 12) if threshold * 2**k < top]
    axes.set_yticks([])
    axes.minorticks_off()
    _mark_side(axes, ticks, [f"{tick:g}" for tick in ticks], "black", 6)
    axes.set_ylabel("evidence\nnoise SDs", fontsize=8, labelpad=20)


def draw_head(axes: Axes, signals: Any, time: np.ndarray, window: Window) -> None:
    """Draw head motion in IOD/s (left) and the confidence of the face, 0 to 1 (right)."""
    part = window.cut(time)
    motion = np.asarray(signals.head_motion, dtype=np.float64)
    confidence = np.asarray(signals.confidence, dtype=np.float64)
    x, shown = decimate(time[part], motion[part], _BINS)
    axes.fill_between(x, 0.0, shown, color="#6d8ea0", alpha=0.45, linewidth=0)
    axes.plot(x, shown, color="#40616f", linewidth=0.7)
    finite = motion[np.isfinite(motion)]
    top = max(float(finite.max(initial=0.0)) * 1.1, 0.1)
    axes.set_ylim(0.0, top)
    mark = float(f"{0.6 * top:.1g}")
    axes.set_yticks([])
    _mark_side(axes, [0.0, mark], ["0", f"{mark:g}"], "black", 6)
    axes.set_ylabel("head\nIOD/s", fontsize=8, color="#40616f", labelpad=20)
    scale = top / 1.08  # of a confidence of 1: both curves share one pair of axes
    x, shown = decimate(time[part], scale * confidence[part], _BINS)
    axes.plot(x, shown, color="#2e8b57", linewidth=0.9)
    _mark_side(axes, [0.0, scale], ["0", "1"], "#2e8b57", 6, right=True)
    axes.text(
        1.018,
        0.5,
        "face\nconfidence",
        color="#2e8b57",
        fontsize=7,
        va="center",
        transform=axes.transAxes,
    )


def shade_states(axes: Axes, signals: Any, time: np.ndarray, step: float) -> None:
    """Shade speech and blinks, hatch stretches without a face, from top to bottom of a panel.

    Args:
        axes: a panel.
        signals: FlowSignals.
        time: (N,) s.
        step: s that one sample covers.
    """
    confidence = np.asarray(signals.confidence, dtype=np.float64)
    no_face = ~(confidence > 0.0)
    for flags, look in (
        (
            np.asarray(signals.speech) >= SPEAKS,
            {"facecolor": SPEECH_COLOUR, "alpha": 0.3, "zorder": 0.2},
        ),
        (np.asarray(signals.blink) >= 0.5, {"facecolor": BLINK_COLOUR, "alpha": 0.4}),
        (
            no_face,
            {"facecolor": "#f0f0f0", "edgecolor": NO_FACE_COLOUR, "hatch": "////", "zorder": 3},
        ),
    ):
        spans = [
            (time[first], time[last] - time[first] + step) for first, last in runs_of_true(flags)
        ]
        axes.broken_barh(
            spans, (0.0, 1.0), transform=axes.get_xaxis_transform(), linewidth=0, **look
        )


def draw_intervals(axes: Axes, rows: list[tuple[str, pd.DataFrame]], window: Window) -> None:
    """Draw bars of intervals, one row each for the truth and every branch.

    Within a row micro-expressions lie above macro-expressions, since the ones occur inside the
    others.

    Args:
        axes: where to draw.
        rows: label and table with ``start`` and ``end`` (s), ``type``, ``score`` (NaN = none) and
            ``hit`` (False = drawn open).
        window: what to show.
    """
    width = 0.022 * (window.end - window.start)  # s that a score label covers
    for level, (_, table) in enumerate(rows):
        if level % 2 == 0:
            axes.axhspan(-level - 0.5, -level + 0.5, color="#f5f5f5", zorder=0, linewidth=0)
        for lane, kind in enumerate(TYPES):
            bottom = -level + (0.02 if lane == 0 else -0.42)
            chosen = table[
                (table["type"] == kind)
                & (table["end"] >= window.start)
                & (table["start"] <= window.end)
            ].sort_values("start", kind="stable")
            following = np.append(chosen["start"].to_numpy()[1:], window.end)
            for bar, free_until in zip(chosen.itertuples(), following, strict=False):
                _draw_bar(axes, bar, bottom, width, min(free_until, window.end))
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    axes.set_yticks([-float(level) for level in range(len(rows))], [name for name, _ in rows])
    axes.tick_params(axis="y", labelsize=8, length=0)


def _draw_bar(axes: Axes, bar: Any, bottom: float, width: float, free_until: float) -> None:
    colour = TYPE_COLOURS[bar.type]
    axes.broken_barh(
        [(bar.start, bar.end - bar.start)],
        (bottom, 0.4),
        facecolor=colour if bar.hit else "white",
        edgecolor="white" if bar.hit else colour,
        linewidth=0.5 if bar.hit else 0.8,
    )
    if not np.isfinite(bar.score):
        return
    look = {"fontsize": 6, "va": "center", "clip_on": True}
    if bar.end + 1.1 * width <= free_until:
        axes.text(bar.end + 0.1 * width, bottom + 0.18, f"{bar.score:.2f}", color=colour, **look)
    elif min(bar.end, free_until) - bar.start > 1.2 * width:
        at = min(bar.end, free_until) - 0.1 * width
        inside = "white" if bar.hit else colour
        axes.text(at, bottom + 0.18, f"{bar.score:.2f}", color=inside, ha="right", **look)


def _margin_text(
    axes: Axes, level: float, text: str, colour: str, size: float = 7, weight: str = "normal"
) -> None:
    axes.text(
        1.006,
        level,
        text,
        color=colour,
        fontsize=size,
        fontweight=weight,
        va="center",
        transform=axes.get_yaxis_transform(),
    )


def _mark_side(
    axes: Axes,
    levels: list[float],
    labels: list[str],
    colour: str,
    size: float,
    right: bool = False,
) -> None:
    """Draw ticks on one side; those that matplotlib makes by itself take it far more time."""
    beside = axes.get_yaxis_transform()
    edge, away = (1.0, 0.0036) if right else (0.0, -0.0036)
    axes.hlines(
        levels, edge, edge + away, transform=beside, colors=colour, linewidth=0.8, clip_on=False
    )
    for level, label in zip(levels, labels, strict=True):
        axes.text(
            edge + 2.0 * away,
            level,
            label,
            color=colour,
            fontsize=size,
            ha="left" if right else "right",
            va="center_baseline",
            transform=beside,
        )
