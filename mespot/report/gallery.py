"""Gallery of hits, misses and false alarms: onset, apex and offset, and what moved."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from mespot.evaluation.strata import judged_spans
from mespot.flow.signals import FlowSignals
from mespot.params.report import PageParams
from mespot.plots.colours import TYPE_COLOURS, TYPE_NAMES
from mespot.report.thumbnails import shrink, strip_url
from mespot.report.video import VideoView

VERDICTS = {"hit": "Hits", "miss": "Misses", "false": "False alarms"}
_WIDTH, _HEIGHT, _LABEL = 240, 58, 14  # px of the signal and of the line above it
_MARGIN = 0.6  # s of signal before and after


def choose_cases(verdicts: pd.DataFrame, count: int) -> pd.DataFrame:
    """Choose some rows of one verdict, both types in turn.

    Hits are spread from the highest score to the lowest; of false alarms those with the highest
    scores come first, since they cost most; misses are spread over the videos.

    Args:
        verdicts: rows of ``judge`` of one branch and one verdict.
        count: at most.
    """
    by_type = []
    for kind in TYPE_NAMES:
        mine = verdicts[verdicts["type"] == kind].sort_values(
            ["score", "video", "onset"], ascending=[False, True, True], kind="stable"
        )
        if len(mine) > count and mine["verdict"].iloc[0] != "false":
            mine = mine.iloc[np.linspace(0, len(mine) - 1, count).round().astype(int)]
        by_type.append(mine.head(count).assign(turn=np.arange(min(count, len(mine)))))
    table = pd.concat(by_type).sort_values("turn", kind="stable").head(count)
    return table.drop(columns="turn")


def gallery(
    verdicts: pd.DataFrame, view_of: Callable[[str], VideoView], params: PageParams
) -> Iterator[str]:
    """Write the gallery, branch by branch.

    Args:
        verdicts: rows of ``judge`` with a column ``branch``, in the order to show.
        view_of: gives the signals and crops of a video.
        params: section ``report.page``.

    Yields:
        HTML.
    """
    for number, branch in enumerate(dict.fromkeys(verdicts["branch"])):
        mine = verdicts[verdicts["branch"] == branch]
        hidden = "" if number == 0 else " hidden"
        yield f'<div class="tab-body" data-tab="{html.escape(branch)}"{hidden}>\n'
        for verdict, title in VERDICTS.items():
            rows = mine[mine["verdict"] == verdict]
            cases = choose_cases(rows, params.gallery)
            count = f"{len(cases)} of {len(rows)}" if len(cases) < len(rows) else f"{len(rows)}"
            yield f'<h3 class="{verdict}">{title} <span class="count">{count}</span></h3>\n'
            if cases.empty:
                yield '<p class="note">None.</p>\n'
                continue
            yield '<div class="cards">\n'
            for (_, case), span in zip(cases.iterrows(), judged_spans(cases), strict=True):
                yield case_card(case.to_dict(), span, view_of(str(case["video"])), params)
            yield "</div>\n"
        yield "</div>\n"


def found_gallery(view: VideoView, params: PageParams) -> Iterator[str]:
    """Write a card for the intervals of a video of which the truth is unknown.

    Yields:
        HTML; the intervals with the highest scores, in the order of time.
    """
    best = view.intervals.sort_values("score", ascending=False, kind="stable")
    chosen = best.head(params.gallery).sort_values("onset", kind="stable")
    for row in chosen.to_dict("records"):
        case = {
            "verdict": "found", "video": view.name, "type": row["type"], "apex": -1,
            "found_onset": row["onset"], "found_offset": row["offset"],
            "score": row["score"], "iou": np.nan,
        }  # fmt: skip
        yield case_card(case, np.array([row["onset"], row["offset"]]), view, params)


def case_card(case: dict[str, Any], span: np.ndarray, view: VideoView, params: PageParams) -> str:
    """Draw one case as a card that leads to its place in the timeline.

    Args:
        case: a row of ``judge``.
        span: onset and offset that the pictures show, source frames.
        view: its video.
        params: section ``report.page``.
    """
    signals, kind = view.signals, str(case["type"])
    onset, offset = int(span[0]), int(span[1])
    apex = int(case["apex"]) if case["apex"] >= 0 else strongest_frame(signals, onset, offset)
    frames = np.array([onset, apex, offset])
    pictures = ""
    if view.crops is not None:
        places = np.clip(np.searchsorted(signals.frame, frames), 0, len(signals.frame) - 1)
        crops = [shrink(view.crops.read(int(place)), params.gallery_size) for place in places]
        pictures = (
            f'<img alt="onset, apex and offset" width="{3 * params.gallery_size}" '
            f'height="{params.gallery_size}" src="{strip_url(crops, params.jpg_quality)}">'
            '<div class="moments"><span>onset</span><span>apex</span><span>offset</span></div>'
        )
    shown = frames if view.numbers is None else view.numbers[frames]
    facts = [f"{onset / signals.fps:.2f} s", f"{(offset - onset + 1) / signals.fps:.2f} s long"]
    facts.append(f"frames {shown[0]} - {shown[2]}")
    if np.isfinite(case["score"]):
        facts.append(f"score {case['score']:.2f}")
    if np.isfinite(case["iou"]):
        facts.append(f"IoU {case['iou']:.2f}")
    video = html.escape(view.name)
    return (
        f'<a class="card {case["verdict"]}" href="#timelines" data-video="{video}" '
        f'data-start="{onset / signals.fps:.3f}" data-end="{(offset + 1) / signals.fps:.3f}">'
        f'<div class="head"><span class="type" style="background:{TYPE_COLOURS[kind]}">'
        f"{TYPE_NAMES[kind]}</span> {video}</div>{pictures}{_signal(case, span, signals)}"
        f'<div class="facts">{" &middot; ".join(facts)}</div></a>\n'
    )


def strongest_frame(signals: FlowSignals, onset: int, offset: int) -> int:
    """Source frame of the strongest evidence within an interval."""
    inside = np.flatnonzero((signals.frame >= onset) & (signals.frame <= offset))
    if not inside.size:
        return (onset + offset) // 2
    return int(signals.frame[inside[np.argmax(np.asarray(signals.strength)[inside])]])


def _signal(case: dict[str, Any], span: np.ndarray, signals: FlowSignals) -> str:
    """Displacement of the region that moved most, with the event and the found interval."""
    time = np.asarray(signals.time, dtype=np.float64)
    begin, end = span[0] / signals.fps - _MARGIN, (span[1] + 1) / signals.fps + _MARGIN
    part = np.flatnonzero((time >= begin) & (time <= end))
    if part.size < 2:
        return ""
    size = 100.0 * np.linalg.norm(signals.displacement[part].astype(np.float64), axis=2)  # (n, R)
    inside = (signals.frame[part] >= span[0]) & (signals.frame[part] <= span[1])
    # lids move with every blink and say little of an expression
    lids = np.array([name.startswith("lid") for name in signals.regions])
    height = np.where(lids, -1.0, size[inside].max(axis=0, initial=0.0))
    region = int(np.argmax(height))
    top = max(float(size[:, region].max()), 1.0) * 1.15

    def x(seconds: float) -> float:
        return _WIDTH * (seconds - begin) / (end - begin)

    points = " ".join(
        f"{x(t):.1f},{_HEIGHT * (1 - value / top):.1f}"
        for t, value in zip(time[part].tolist(), size[:, region].tolist(), strict=True)
    )
    boxes = ""
    for name, first, last in (
        ("event", case.get("onset", -1), case.get("offset", -1)),
        ("found", case["found_onset"], case["found_offset"]),
    ):
        if first >= 0:
            left, right = x(first / signals.fps), x((last + 1) / signals.fps)
            y, tall = (0, _HEIGHT) if name == "event" else (_HEIGHT - 6, 6)
            boxes += (
                f'<rect class="{name}" x="{left:.1f}" y="{y}" '
                f'width="{right - left:.1f}" height="{tall}"/>'
            )
    label = html.escape(signals.regions[region].replace("_", " "))
    return (
        f'<svg viewBox="0 {-_LABEL} {_WIDTH} {_HEIGHT + _LABEL}" width="100%" role="img" '
        f'aria-label="displacement of {label}">{boxes}<polyline points="{points}"/>'
        f'<text x="0" y="-4">{label}, up to {height[region]:.1f} % IOD</text></svg>'
    )
