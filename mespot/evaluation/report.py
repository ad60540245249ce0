"""One self-contained HTML page: the numbers, what they were computed on, charts and timelines."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mespot.errors import MespotError
from mespot.evaluation.canvas import TYPE_NAMES, data_url
from mespot.evaluation.charts import f1_chart, grid_chart, pr_chart, subject_chart
from mespot.evaluation.summary import BRANCHES, KINDS
from mespot.files import write_text

_FEW_SUBJECTS = 10
_MOST_PICTURES = 24
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2933;max-width:1180px;margin:2em auto}
h1{margin-bottom:.2em}h2{margin-top:2.2em;border-bottom:2px solid #1f2933}
h3{margin:1.6em 0 .3em}table{border-collapse:collapse}
td,th{padding:.25em .8em;text-align:right;font-variant-numeric:tabular-nums}
th{border-bottom:1px solid #888;font-weight:600}tr.last td{border-bottom:1px solid #ddd}
td:first-child,td:nth-child(2),th:first-child,th:nth-child(2){text-align:left}
.strong{font-weight:700}.note{color:#52606d;max-width:60em}
.warn{background:#fff4d6;padding:.5em 1em;border-left:4px solid #f2c14e}
img{max-width:100%}summary{cursor:pointer;font-weight:600}
"""


@dataclass(frozen=True)
class ReportSection:
    """What the report says about one data set.

    Attributes:
        summary: from ``summarise``.
        tables: from ``summary_tables``.
        source: where the data come from, a phrase.
        grid: ``table.csv`` of the grid search.
        timelines: PNG files by video name; at most 24, spread over the list, stand inside the
            page, the others are linked.
    """

    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    source: str
    grid: pd.DataFrame
    timelines: Mapping[str, Path]


def write_report(
    path: str | os.PathLike[str], sections: Sequence[ReportSection], title: str = "mespot report"
) -> None:
    """Write the report; it needs no network and has the same bytes for the same input.

    Args:
        path: the HTML file.
        sections: one per data set.
        title: heading of the page.

    Raises:
        MespotError: a timeline cannot be read.
    """
    charts, folder = _ChartWriter(), Path(path).parent
    body = "".join(part for section in sections for part in _section(section, charts, folder))
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{html.escape(title)}</h1>\n{body}</body></html>\n"
    )
    write_text(path, page)


class _ChartWriter:
    """Turns charts into HTML; the first one brings the plotly library along, ids count upwards."""

    def __init__(self):
        self._count = 0

    def write(self, figure: go.Figure) -> str:
        """Return the chart as a div."""
        self._count += 1
        return figure.to_html(
            full_html=False,
            include_plotlyjs=self._count == 1,
            div_id=f"chart-{self._count}",
            config={"displaylogo": False, "responsive": True},
        )


def _section(section: ReportSection, charts: _ChartWriter, folder: Path) -> Iterator[str]:
    summary = section.summary
    yield f"<h2>{html.escape(str(summary['dataset']))}</h2>\n"
    yield from _provenance(section)
    yield _numbers(summary)
    yield _gains(summary)
    yield "<h3>Branches</h3>\n" + charts.write(f1_chart(section.tables["ablation"]))
    yield "<h3>Precision and recall</h3>\n"
    yield (
        '<p class="note">Each point keeps the intervals from one score on; '
        "the curve ends where the branch reports no more.</p>\n"
    )
    yield charts.write(pr_chart(section.tables["pr"]))
    yield "<h3>Subjects</h3>\n" + charts.write(subject_chart(section.tables["f1_by_subject"]))
    yield "<h3>Grid search of the model branch</h3>\n"
    yield (
        '<p class="note">Best decoding of each cell on all subjects (oracle): the shape of the '
        "search space. The numbers above come from settings chosen without the scored subject."
        "</p>\n"
    )
    yield charts.write(grid_chart(section.grid))
    yield from _timelines(section.timelines, folder)


def _provenance(section: ReportSection) -> Iterator[str]:
    data, protocol = section.summary["data"], section.summary["protocol"]
    events = data["events"]
    yield (
        f"<p>Data: {html.escape(section.source)}; {data['subjects']} subjects, "
        f"{data['videos']} videos ({data['videos_with_events']} with events), "
        f"{data['minutes']:.1f} minutes, {events['me']} micro- and "
        f"{events['mae']} macro-expressions.</p>\n"
        '<p class="note">Counts are pooled over all videos, also those without events. A hit is a '
        f"one-to-one match of the same type with IoU ≥ {protocol['min_iou']:g}. Out-of-fold: "
        "classifiers are trained and settings chosen on the events of other subjects; pre-training "
        "sees the crops of all subjects, never an event. Brackets: "
        f"{html.escape(protocol['interval'])}.</p>\n"
    )
    if data["subjects"] < _FEW_SUBJECTS:
        yield (
            f'<p class="warn">Only {data["subjects"]} subjects: the brackets are rough and rather '
            "too narrow.</p>\n"
        )


def _numbers(summary: Mapping[str, Any]) -> str:
    heads = ("branch", "type", "events", "found", "TP", "FP", "FN", "precision", "recall", "F1")
    cells = "".join(f"<th>{head}</th>" for head in (*heads, "interval", "AP"))
    rows = []
    for branch in BRANCHES:
        for kind in (*KINDS, "untyped"):
            row = summary[branch][kind]
            name = TYPE_NAMES.get(kind, "types ignored")
            figures = [
                str(row["tp"] + row["fn"]),
                str(row["tp"] + row["fp"]),
                *(str(row[key]) for key in ("tp", "fp", "fn")),
                *(f"{row[key]:.3f}" for key in ("precision", "recall")),
                f"<span class='strong'>{row['f1']:.3f}</span>",
                f"[{row['f1_low']:.3f}, {row['f1_high']:.3f}]",
                f"{row['ap']:.3f}" if "ap" in row else "",
            ]
            last = ' class="last"' if kind == "untyped" else ""
            values = "".join(f"<td>{figure}</td>" for figure in figures)
            rows.append(f"<tr{last}><td>{branch}</td><td>{name}</td>{values}</tr>\n")
    return f"<table><tr>{cells}</tr>\n{''.join(rows)}</table>\n"


def _gains(summary: Mapping[str, Any]) -> str:
    parts = []
    for name, gains in summary["gain"].items():
        gain = gains["overall"]
        clear = "" if gain["f1_low"] > 0 or gain["f1_high"] < 0 else ", not clear of zero"
        parts.append(
            f"{name.replace('_', ' ')} {gain['f1']:+.3f} "
            f"[{gain['f1_low']:+.3f}, {gain['f1_high']:+.3f}]{clear}"
        )
    return (
        f"<p>F1 gained, both types, on the same resampled subjects: {html.escape('; '.join(parts))}"
        ".</p>\n"
    )


def _timelines(timelines: Mapping[str, Path], folder: Path) -> Iterator[str]:
    if not timelines:
        return
    names = list(timelines)
    # a thousand pictures would make a page that no browser opens: some from all over the list
    spread = np.linspace(0, len(names) - 1, min(len(names), _MOST_PICTURES))
    inside = [names[int(place)] for place in spread.round()]
    yield "<h3>Timelines</h3>\n"
    for number, name in enumerate(inside):
        yield _picture(name, timelines[name], opened=number == 0)
    links = [
        f'<a href="{quote(Path(os.path.relpath(timelines[name], folder)).as_posix())}">'
        f"{html.escape(name)}</a>"
        for name in names
        if name not in set(inside)
    ]
    if links:
        yield f"<p>Further videos, beside this page: {', '.join(links)}</p>\n"


def _picture(name: str, png: Path, opened: bool) -> str:
    try:
        content = Path(png).read_bytes()
    except OSError as error:
        raise MespotError(f"{png}: cannot be read ({error.strerror})") from error
    label = html.escape(name)
    return (
        f"<details{' open' if opened else ''}><summary>{label}</summary>"
        f'<img alt="timeline of {label}" src="{data_url(content)}"></details>\n'
    )
