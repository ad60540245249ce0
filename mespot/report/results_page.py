"""The page of a pipeline run: numbers, what they were computed on, search, cases, timelines."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from mespot.evaluation.summary import BRANCHES, KINDS
from mespot.params.report import PageParams
from mespot.plots.colours import TYPE_NAMES
from mespot.report.charts import f1_chart, pr_chart, strata_chart, subject_chart
from mespot.report.gallery import gallery
from mespot.report.page import Page
from mespot.report.search_charts import (
    differences_chart,
    heatmap_chart,
    members_chart,
    oracle_chart,
    reliability_chart,
)
from mespot.report.video import BRANCH_ORDER, VideoView

_FEW_SUBJECTS = 10


@dataclass(frozen=True)
class Results:
    """What the page says about one data set.

    Attributes:
        summary: from ``summarise``.
        tables: from ``summary_tables``; further ``by_duration`` and ``by_head_motion`` from
            ``f1_by_bin``.
        source: where the data come from, a phrase.
        tags: short facts of the settings.
        heatmap: ``type``, ``granularity``, ``length``, ``f1`` out-of-fold; the highest of a cell
            counts.
        fusion: tables of the fusion by name (``ablation``, ``differences``, ``reliability``,
            ``oracle``).
        chosen: heading and rows of the settings that the search chose.
        verdicts: rows of ``judge`` with a column ``branch``.
        timelines: from ``mespot.report.video.timeline``.
        pictures: PNG timeline of every video, linked from the page.
    """

    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    source: str
    tags: Sequence[str]
    heatmap: pd.DataFrame
    fusion: Mapping[str, pd.DataFrame]
    chosen: pd.DataFrame
    verdicts: pd.DataFrame
    timelines: Sequence[Mapping[str, Any]]
    pictures: Mapping[str, Path]


def write_results_page(
    path: str | os.PathLike[str],
    results: Results,
    view_of: Callable[[str], VideoView],
    params: PageParams,
    title: str,
) -> None:
    """Write the page; it needs no network and has the same bytes for the same input.

    Args:
        path: the HTML file.
        results: what it says.
        view_of: gives the signals and crops of a video, for the gallery.
        params: section ``report.page``.
        title: heading of the page.
    """
    page = Page(title, _lead(results))
    page.add("numbers", "Numbers", _numbers_section(results, page))
    page.add("fusion", "Branches and fusion", _fusion(results, page))
    page.add("search", "Search", _search(results, page))
    page.add("curves", "Precision and recall", _curves(results, page))
    page.add("conditions", "Subjects and conditions", _conditions(results, page))
    page.add("gallery", "Gallery", _gallery(results, view_of, params))
    page.add("timelines", "Timelines", _timelines(results, page, Path(path).parent))
    page.write(path)


def _lead(results: Results) -> str:
    tags = "".join(f"<span>{html.escape(tag)}</span>" for tag in results.tags)
    return (
        f'<p class="note">{html.escape(results.source)}, out-of-fold.</p><div class="tags">{tags}'
        "</div>"
    )


def _numbers_section(results: Results, page: Page) -> Iterator[str]:
    fused = results.summary["fused"]
    yield '<div class="tiles">\n'
    for kind in ("overall", *[kind for kind in KINDS if kind != "overall"]):
        row = fused[kind]
        yield (
            f'<div class="tile"><span>F1 fused, {TYPE_NAMES[kind]}</span><b>{row["f1"]:.3f}</b>'
            f"<span>[{row['f1_low']:.3f}, {row['f1_high']:.3f}]</span>"
            f"<span>{row['tp']} hits, {row['fn']} missed, {row['fp']} false</span></div>\n"
        )
    yield "</div>\n"
    yield from _provenance(results)
    yield _numbers(results.summary)
    yield _gains(results.summary)
    yield page.chart(f1_chart(results.tables["ablation"]))


def _provenance(results: Results) -> Iterator[str]:
    data, protocol = results.summary["data"], results.summary["protocol"]
    events = data["events"]
    yield (
        f"<p>Computed on {data['subjects']} subjects, "
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
    heads = ("events", "found", "TP", "FP", "FN", "precision", "recall", "F1", "interval", "AP")
    cells = "".join(f"<th>{head}</th>" for head in heads)
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
            rows.append(
                f'<tr{last}><td class="text">{branch}</td><td class="text">{name}</td>{values}</tr>'
            )
    body = "\n".join(rows)
    head = f'<tr><th class="text">branch</th><th class="text">type</th>{cells}</tr>'
    return f'<div class="scroll"><table>{head}\n{body}</table></div>\n'


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


def _fusion(results: Results, page: Page) -> Iterator[str]:
    tables = results.fusion
    yield (
        '<p class="note">Every member of the fusion search at the operating point that was chosen '
        "for it on the other folds' subjects; the fused branch takes, fold by fold, the member "
        "that was best there.</p>\n"
    )
    yield '<div class="pair">\n'
    yield f"<div>{page.chart(members_chart(tables['ablation']))}</div>\n"
    yield f"<div>{page.chart(differences_chart(tables['differences']))}</div>\n"
    yield "</div>\n"
    yield (
        '<h3>Reliability of the score</h3><p class="note">On the dashed line a score is the '
        "share of hits; the area of a point is the number of intervals.</p>\n"
    )
    yield page.chart(reliability_chart(tables["reliability"]))


def _search(results: Results, page: Page) -> Iterator[str]:
    yield "<h3>Granularity and slice length</h3>\n"
    yield '<p class="note">Best decoding of each cell, scored out-of-fold.</p>\n'
    yield page.chart(heatmap_chart(results.heatmap))
    yield "<h3>Nested and oracle</h3>\n"
    yield (
        '<p class="note">The same search once without the scored subjects, as reported here, '
        "and once on them, as much published work does: the gap is the optimism of that "
        "habit.</p>\n"
    )
    yield page.chart(oracle_chart(results.fusion["oracle"]))
    yield "<h3>What was chosen</h3>\n" + _table(results.chosen)


def _curves(results: Results, page: Page) -> Iterator[str]:
    yield (
        '<p class="note">Each point keeps the intervals from one score on; '
        "the curve ends where the branch reports no more.</p>\n"
    )
    yield page.chart(pr_chart(results.tables["pr"]))


def _conditions(results: Results, page: Page) -> Iterator[str]:
    yield page.chart(subject_chart(results.tables["f1_by_subject"]))
    yield (
        '<p class="note">Below, an event counts where its own duration and head motion lie, a '
        "false alarm where its own do. Head motion: mean speed of the head meanwhile, in "
        "inter-ocular distances per second, in three bins of equally many events.</p>\n"
    )
    yield '<div class="pair">\n'
    for name, title in (("by_duration", "duration"), ("by_head_motion", "head motion")):
        yield f"<div>{page.chart(strata_chart(results.tables[name], title))}</div>\n"
    yield "</div>\n"


def _gallery(
    results: Results, view_of: Callable[[str], VideoView], params: PageParams
) -> Iterator[str]:
    yield (
        '<p class="note">Faces at onset, apex and offset of the event (of the found interval for '
        "false alarms) and the displacement of the region that moved most; grey: the event, "
        "orange: the found interval. A click leads to its place in the timeline.</p>\n"
    )
    branches = [name for name in BRANCH_ORDER if name in set(results.verdicts["branch"])]
    yield '<div class="tabs">'
    for number, name in enumerate(branches):
        on = ' class="on"' if number == 0 else ""
        yield f'<button{on} data-tab="{name}">{name}</button>'
    yield "</div>\n"
    parts = [results.verdicts[results.verdicts["branch"] == name] for name in branches]
    yield from gallery(pd.concat(parts or [results.verdicts]), view_of, params)


def _timelines(results: Results, page: Page, folder: Path) -> Iterator[str]:
    if results.timelines:
        yield page.timelines(results.timelines)
    links = [
        f'<a href="{quote(Path(os.path.relpath(png, folder)).as_posix())}">{html.escape(name)}</a>'
        for name, png in results.pictures.items()
    ]
    if links:
        yield (
            "<details><summary>Pictures of all regions, per video, beside this page</summary><p>"
            f"{', '.join(links)}</p></details>\n"
        )


def _table(table: pd.DataFrame) -> str:
    head = "".join(f'<th class="text">{html.escape(str(name))}</th>' for name in table.columns)
    rows = "".join(
        f"<tr>{''.join(_cell(value) for value in row)}</tr>"
        for row in table.itertuples(index=False)
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>\n'


def _cell(value: object) -> str:
    return f'<td class="text">{html.escape(str(value))}</td>'
