"""The page of ``mespot spot``: what was found in one's own videos, face by face."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mespot.params.report import PageParams, ReportParams
from mespot.plots.colours import TYPE_NAMES
from mespot.report.gallery import found_gallery
from mespot.report.page import Page
from mespot.report.video import VideoView, timeline


@dataclass(frozen=True)
class SpottedPage:
    """What the page says of one video; plain values, so that crops need not be kept.

    Attributes:
        timeline: from ``mespot.report.video.timeline``.
        cards: HTML of the gallery.
    """

    timeline: Mapping[str, Any]
    cards: str


def spotted_page(view: VideoView, threshold: float, params: ReportParams) -> SpottedPage:
    """Collect what the page shows of a video, while its crops are at hand.

    Args:
        view: the video.
        threshold: evidence in noise SDs at which a bump counts half.
        params: section ``report``.
    """
    shown = timeline(view, threshold, params.min_iou, params.page)
    return SpottedPage(shown, "".join(found_gallery(view, params.page)))


def write_spot_page(
    path: str | os.PathLike[str],
    table: pd.DataFrame,
    videos: Sequence[SpottedPage],
    answered_by: str,
    params: PageParams,
    remarks: Sequence[str] = (),
) -> None:
    """Write the page; it needs no network and has the same bytes for the same input.

    Args:
        path: the HTML file.
        table: what ``intervals.csv`` holds, of all videos.
        videos: those with a timeline.
        answered_by: which system spotted, a phrase.
        params: section ``report.page``.
        remarks: what to know about single videos, sentences.
    """
    notes = [f"Answered by {answered_by}.", *remarks]
    lead = "\n".join(f'<p class="note">{html.escape(note)}</p>' for note in notes)
    page = Page("mespot: found expressions", lead)
    page.add("found", "Found", _found(table))
    page.add("timelines", "Timelines", _timelines(videos, page))
    page.add("gallery", "Gallery", _gallery(videos, params))
    page.write(path)


def _timelines(videos: Sequence[SpottedPage], page: Page) -> Iterator[str]:
    if videos:
        yield page.timelines([video.timeline for video in videos])


def _found(table: pd.DataFrame) -> Iterator[str]:
    counts = table["type"].value_counts()
    yield '<div class="tiles">\n'
    for kind in ("me", "mae"):
        yield (
            f'<div class="tile"><span>{TYPE_NAMES[kind]}-expressions</span>'
            f"<b>{counts.get(kind, 0)}</b></div>\n"
        )
    yield "</div>\n"
    yield (
        '<p class="note">Intervals are suggestions of a program, not findings: look at each one '
        "below. Frames as the input numbers them, both ends included.</p>\n"
    )
    heads = "".join(
        f'<th class="{"text" if name in ("vid", "type") else ""}">{title}</th>'
        for name, title in (
            ("vid", "video"), ("type", "type"), ("", "onset, s"), ("", "offset, s"),
            ("", "onset frame"), ("", "offset frame"), ("", "score"), ("", "speech"),
        )
    )  # fmt: skip
    yield f'<div class="scroll"><table><tr>{heads}</tr>\n'
    for row in table.itertuples(index=False):
        yield (
            f'<tr><td class="text">{html.escape(str(row.vid))}</td>'
            f'<td class="text">{TYPE_NAMES[row.type]}</td>'
            f"<td>{row.onset_s:.2f}</td><td>{row.offset_s:.2f}</td>"
            f"<td>{row.onset}</td><td>{row.offset}</td><td>{row.score:.2f}</td>"
            f"<td>{row.speech:.0%}</td></tr>\n"
        )
    yield "</table></div>\n"


def _gallery(videos: Sequence[SpottedPage], params: PageParams) -> Iterator[str]:
    yield (
        f'<p class="note">The {params.gallery} intervals with the highest scores of each video: '
        "faces at onset, apex and offset, and the displacement of the region that moved most. A "
        "click leads to the timeline.</p>\n"
    )
    yield f'<div class="cards">{"".join(video.cards for video in videos)}</div>\n'
