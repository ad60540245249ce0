"""Contact sheet of a real clip: both annotators, the predictions with verdicts, and the signals."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the back end has to be chosen before
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from real_scoring import HIT, LEFT, PIECE, Judged  # noqa: E402
from real_truth import ANNOTATORS  # noqa: E402

from mespot.core.files import atomic_path  # noqa: E402

SIGNALS = {
    "brows": ("brow_inner_r", "brow_inner_l", "brow_mid_r", "brow_mid_l", "brow_outer_r",
              "brow_outer_l", "glabella"),
    "lip corners": ("lip_corner_r", "lip_corner_l"),
    "lower lip, chin": ("lower_lip", "chin"),
    "cheeks, nose": ("cheek_r", "cheek_l", "nose_wing_r", "nose_wing_l"),
}  # fmt: skip
"""Curves and the regions whose largest displacement they show."""
_VERDICTS = {HIT: "#5cc26b", PIECE: "#f0a040", LEFT: "#b5b5b5"}
_FALSE, _MISSED = "#e8606a", "#c77ab8"
_MARKS = {"clear": "#7fb0e0", "subtle": "#cfe2f5", "speech": "#efdc8c", "other": "#cdbedb"}
_SHORT = {"mouth": "mo", "brows": "br", "eyes": "ey", "cheeks": "ch", "jaw": "ja", "nose": "no"}
_STRIP = 450  # frames side by side, at most
_KEY = (
    "A, B: dark = clear, light = subtle, yellow = speech, violet = other.   truth: green = found, "
    "purple = missed, grey = left alone.   mespot (score, m = me, M = mae): green = hit, "
    "orange = piece, red = false, grey = left alone"
)


def draw_sheet(path: Path, judged: Judged, frames: pd.DataFrame | None, f1: float) -> None:
    """Draw a clip as a PNG, in strips of some hundred frames below each other.

    Args:
        path: file to write.
        judged: the clip.
        frames: its ``frames.csv``, else only the rows of intervals.
        f1: figure for the title.
    """
    truth = judged.truth
    strips = math.ceil(truth.frames / _STRIP)
    length = math.ceil(truth.frames / strips)
    figure = plt.figure(figsize=(16, 5.4 * strips + 0.5), layout="constrained")
    title = f"{truth.clip}   {truth.fps:g} frames/s   {len(judged.hits)} of {len(truth.must)} found"
    figure.suptitle(f"{title}, F1 {f1:.2f}\n{_KEY}", fontsize=8)
    for strip, part in enumerate(np.atleast_1d(figure.subfigures(strips, 1))):
        top, lines, face = part.subplots(3, 1, sharex=True, height_ratios=(3, 3.5, 1.5))
        _draw_marks(top, judged)
        if frames is not None:
            _draw_signals(lines, face, frames)
        for axis in (lines, face):
            for onset, offset in truth.must:
                axis.axvspan(onset, offset + 1, color=_MARKS["clear"], alpha=0.2, lw=0)
            axis.grid(alpha=0.3)
        face.set_xlim(strip * length, (strip + 1) * length)
        face.xaxis.set_major_locator(plt.MultipleLocator(25 if length > 150 else 10))
        face.tick_params(axis="x", labelsize=7)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=80)
    plt.close(figure)


def _draw_marks(axis: Axes, judged: Judged) -> None:
    """Draw rows A, B, truth and mespot, from the top."""
    truth = judged.truth
    for row, name in enumerate(ANNOTATORS):
        own = truth.marks[truth.marks["annotator"] == name] if len(truth.marks) else truth.marks
        low = 5.2 - 1.9 * row
        for place, mark in enumerate(own.sort_values("onset").itertuples()):
            parts = mark.where if isinstance(mark.where, str) else ""
            if mark.kind == "expr":
                text = "+".join(_SHORT.get(one, one) for one in parts.replace("+", " ").split())
                _bar(axis, mark.onset, mark.offset, low, 0.9, _MARKS[mark.strength], text, place)
            else:
                colour = _MARKS.get(mark.kind, "#eeeeee")
                _bar(axis, mark.onset, mark.offset, low + 0.95, 0.4, colour, parts, 0)
    found = set(judged.hits[:, 0].tolist())
    for event, (onset, offset) in enumerate(truth.must):
        colour = _VERDICTS[HIT] if event in found else _MISSED
        _bar(axis, onset, offset, 2.2, 0.8, colour, truth.types()[event], event)
    for onset, offset in truth.free:
        _bar(axis, onset, offset, 1.75, 0.4, _VERDICTS[LEFT], "", 0)
    for place, ((onset, offset), verdict, one) in enumerate(
        zip(judged.spans, judged.verdict, judged.predicted.itertuples(), strict=True)
    ):
        text = f"{one.score:.2f}".lstrip("0") + ("m" if one.type == "me" else "M")
        _bar(axis, onset, offset, 0.3, 1.2, _VERDICTS.get(verdict, _FALSE), text, place)
    axis.set_yticks([5.6, 3.7, 2.4, 0.9], [*ANNOTATORS, "truth", "mespot"])
    axis.set_ylim(0.1, 6.7)


def _bar(
    axis: Axes,
    onset: float,
    offset: float,
    low: float,
    height: float,
    colour: str,
    text: str,
    place: int,
) -> None:
    axis.broken_barh([(onset, offset - onset + 1)], (low, height), facecolors=colour, edgecolor="k",
                     lw=0.4)  # fmt: skip
    # neighbours' words stand at two heights, so that those of short bars can be read
    shift = 0.45 * height * (place % 2)
    axis.text(onset + 0.3, low + shift + 0.06, text, fontsize=6.5, clip_on=True)


def _draw_signals(lines: Axes, face: Axes, frames: pd.DataFrame) -> None:
    time = np.arange(len(frames))
    for name, regions in SIGNALS.items():
        size = [np.hypot(frames[f"{one}_x"], frames[f"{one}_y"]) for one in regions]
        lines.plot(time, np.max(size, axis=0), lw=0.9, label=name)
    lines.set_ylabel("displacement, IOD", fontsize=8)
    lines.set_ylim(0, None)
    for name, unit in (("blink", ""), ("head_motion", " IOD/s"), ("flow_confidence", "")):
        face.plot(time, frames[name], lw=0.8, label=name + unit)
    if "speech" in frames:
        face.plot(time, frames["speech"], lw=1.2, color="#c09a10", label="speech")
    face.set_ylim(0, 2)
    for axis in (lines, face):
        axis.legend(fontsize=6, loc="upper right", ncols=4)
