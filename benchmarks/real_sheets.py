"""Contact sheet of a real clip: both annotators, the predictions with verdicts, and the signals."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the back end has to be chosen before
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from real_scoring import HIT, LEFT, PIECE, Judged  # noqa: E402
from real_truth import ANNOTATORS  # noqa: E402

from mespot.files import atomic_path  # noqa: E402

SIGNALS = {
    "brows": ("brow_inner_r", "brow_inner_l", "brow_mid_r", "brow_mid_l", "brow_outer_r",
              "brow_outer_l", "glabella"),
    "lip corners": ("lip_corner_r", "lip_corner_l"),
    "lower lip, chin": ("lower_lip", "chin"),
    "cheeks, nose": ("cheek_r", "cheek_l", "nose_wing_r", "nose_wing_l"),
}  # fmt: skip
"""Curves and the regions whose largest displacement they show."""
_VERDICTS = {HIT: "#2a9d3a", PIECE: "#e07b00", LEFT: "#9a9a9a"}
_FALSE = "#d0202a"
_MARKS = {"clear": "#1f5fa8", "subtle": "#93bde6", "speech": "#e6c84f", "other": "#b6a0c8"}
_FRAMES_PER_INCH = 40


def draw_sheet(path: Path, judged: Judged, frames: pd.DataFrame | None, f1: float) -> None:
    """Draw a clip as a PNG.

    Args:
        path: file to write.
        judged: the clip.
        frames: its ``frames.csv``, else only the rows of intervals.
        f1: figure for the title.
    """
    truth = judged.truth
    width = float(np.clip(truth.frames / _FRAMES_PER_INCH, 9, 36))
    figure, (top, lines, face) = plt.subplots(
        3, 1, figsize=(width, 7), sharex=True, height_ratios=(3, 4, 2), layout="constrained"
    )
    _draw_marks(top, judged)
    title = f"{truth.clip}   {truth.fps:g} frames/s   {len(judged.hits)} of {len(truth.must)} "
    top.set_title(f"{title} found, F1 {f1:.2f}", loc="left", fontsize=9)
    if frames is not None:
        _draw_signals(lines, face, frames)
    for axis in (lines, face):
        for onset, offset in truth.must:
            axis.axvspan(onset, offset, color=_MARKS["clear"], alpha=0.1, lw=0)
        axis.grid(alpha=0.3)
    face.set_xlim(0, truth.frames)
    face.set_xlabel("frame")
    face.xaxis.set_major_locator(plt.MultipleLocator(25 if truth.frames < 400 else 50))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=80)
    plt.close(figure)


def _draw_marks(axis: Axes, judged: Judged) -> None:
    """Draw rows A, B, truth and mespot, from the top."""
    truth = judged.truth
    for row, name in enumerate(ANNOTATORS):
        own = truth.marks[truth.marks["annotator"] == name] if len(truth.marks) else truth.marks
        for mark in own.itertuples():
            expression = mark.kind == "expr"
            colour = _MARKS.get(mark.strength if expression else mark.kind, "#dddddd")
            place = 5.0 - 1.5 * row + (0.0 if expression else 0.75)
            text = mark.where if isinstance(mark.where, str) else ""
            _bar(axis, mark.onset, mark.offset, place, 0.65 if expression else 0.4, colour, text)
    for event, (onset, offset) in enumerate(truth.must):
        colour = "#9a2080" if event in judged.missed else _VERDICTS[HIT]
        _bar(axis, onset, offset, 2.3, 0.5, colour, truth.types()[event])
    for onset, offset in truth.free:
        _bar(axis, onset, offset, 1.75, 0.35, "#cccccc", "free")
    for (onset, offset), verdict, one in zip(
        judged.spans, judged.verdict, judged.predicted.itertuples(), strict=True
    ):
        colour = _VERDICTS.get(verdict, _FALSE)
        _bar(axis, onset, offset, 0.6, 0.8, colour, f"{one.score:.2f} {one.type}")
    axis.set_yticks([5.3, 3.8, 2.3, 0.9], [*ANNOTATORS, "truth", "mespot"])
    axis.set_ylim(0.2, 6.4)
    axis.set_xlabel(
        "A, B: dark = clear, light = subtle, yellow = speech, violet = other.  "
        "truth: green = found, purple = missed, grey = free.  "
        "mespot: green = hit, orange = piece, red = false, grey = left alone",
        fontsize=7,
    )


def _bar(
    axis: Axes, onset: float, offset: float, low: float, height: float, colour: str, text: str
) -> None:
    axis.broken_barh([(onset, offset - onset + 1)], (low, height), facecolors=colour, edgecolor="w")
    axis.text(onset + 0.5, low + 0.08, text, fontsize=6, clip_on=True)


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
        face.plot(time, frames["speech"], lw=1.0, color=_MARKS["speech"], label="speech")
    face.set_ylim(0, 2)
    for axis in (lines, face):
        axis.legend(fontsize=6, loc="upper right", ncols=4)
