from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from mespot.evaluation.summary import headline, score_branches, summarise, summary_tables
from mespot.params.report import ReportParams
from mespot.plots.canvas import png_bytes
from mespot.plots.results import best_per_cell, f1_bars, grid_heatmap, pr_curves
from mespot.report.collect import (
    chosen_settings,
    judge_branches,
    split_by_condition,
)
from mespot.report.results_page import Results, write_results_page
from mespot.report.video import timeline
from tests.report.conftest import NASTY, PAGE

PARAMS = ReportParams(draws=50, confidence=0.95, min_iou=0.5, durations=(0.5,), page=PAGE)
GRID = pd.DataFrame(
    {
        "type": ["me", "me", "me", "mae"],
        "granularity": [0.5, 0.5, 2.0, 2.0],
        "length": [0.3, 0.3, 0.5, 1.0],
        "threshold": [0.4, 0.6, 0.5, 0.5],
        "f1": [0.2, 0.6, 0.3, 0.8],
    }
)
FUSION = {
    "ablation": pd.DataFrame(
        {
            "member": ["flow", "model_confirms"], "type": "overall", "tp": [1, 0], "fp": [0, 1],
            "fn": [1, 2], "f1": [0.6, 0.0], "f1_low": [0.1, 0.0], "f1_high": [1.0, 0.3],
        }
    ),
    "differences": pd.DataFrame(
        {
            "member": ["fused"], "against": ["flow"], "type": ["overall"],
            "difference": [0.1], "low": [-0.1], "high": [0.2],
        }
    ),
    "reliability": pd.DataFrame(
        {
            "type": ["me", "mae"], "bin": [0, 1], "predicted": [0.1, 0.9],
            "observed": [0.0, 1.0], "count": [4, 9],
        }
    ),
    "oracle": pd.DataFrame(
        {"branch": ["model"], "type": ["me"], "nested_f1": [0.3], "oracle_f1": [0.5]}
    ),
}  # fmt: skip


@pytest.fixture
def results(view):
    videos = pd.DataFrame(
        {
            "subject": ["s1", NASTY], "video": [view.name, "empty"], "fps": 30.0,
            "frames": [300, 1500],
        }
    )  # fmt: skip
    events = view.truth.assign(video=view.name)
    found = view.intervals.assign(video=view.name)
    verdicts = judge_branches(events, found, 0.5)
    scored = score_branches(videos, events, found, PARAMS.min_iou)
    tables = summary_tables(videos, scored, PARAMS, 1)
    tables |= split_by_condition(
        verdicts, {view.name: 30.0}, lambda name: view.signals, PARAMS.durations
    )
    return Results(
        summary=summarise(NASTY, videos, events, scored, PARAMS, 1),
        tables=tables,
        source=f"Made-up data {NASTY}",
        tags=[NASTY, "seed 1"],
        heatmap=GRID,
        fusion=FUSION,
        chosen=chosen_settings(
            {"chosen": {"me": {"0": {"granularity": 0.5}, "all": {"granularity": 2.0}}}},
            {"0": {"member": "flow", "members": {"flow": {"thresholds": {"me": 0.5}}}}},
        ),
        verdicts=verdicts,
        timelines=[timeline(view, 12.0, 0.5, PAGE)],
        pictures={},
    )


class _Page(HTMLParser):
    """Collects the text of cells and the sources that a page would load."""

    def __init__(self):
        super().__init__()
        self.cells: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.sources += [
            value for name, value in attrs if name == "src" or (name == "href" and tag == "link")
        ]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data):
        if self.cells and self.lasttag in ("td", "span"):
            self.cells[-1] += data.strip()


def test_the_page_is_self_contained_escaped_and_repeats(tmp_path, results, view):
    for name in ("one.html", "two.html"):
        write_results_page(tmp_path / name, results, lambda _: view, PAGE, NASTY)
    content = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert content == (tmp_path / "two.html").read_text(encoding="utf-8")
    assert NASTY not in content
    page = _Page()
    page.feed(content)
    assert page.sources and all(source.startswith("data:") for source in page.sources)
    assert content.count("plotly.js v") == 1
    charts = re.findall(r'<div class="chart" id="(chart-\d+)"', content)
    assert charts == [f"chart-{number}" for number in range(1, 11)]
    assert all(f'id="{chart}-data"' in content for chart in charts)
    assert len(content) < 6e6


def test_the_numbers_stand_in_the_table(tmp_path, results, view):
    write_results_page(tmp_path / "one.html", results, lambda _: view, PAGE, "page")
    content = (tmp_path / "one.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(content[: content.index("</table>")])
    rows = [page.cells[start : start + 12] for start in range(0, len(page.cells), 12)]
    assert len(rows) == 12
    assert rows[8][:10] == ["fused", "micro", "1", "1", "0", "1", "1", "0.000", "0.000", "0.000"]
    assert rows[10][:10] == ["fused", "overall", "2", "2", "1", "1", "1", "0.500", "0.500", "0.500"]
    assert rows[11][1] == "types ignored"
    assert "2 subjects, 2 videos (1 with events), 1.0 minutes" in content
    assert "Only 2 subjects" in content
    assert "granularity 2" in content and "final system" in content
    assert "flow, threshold me 0.5" in content


def test_the_gallery_shows_hits_misses_and_false_alarms(tmp_path, results, view):
    write_results_page(tmp_path / "one.html", results, lambda _: view, PAGE, "page")
    content = (tmp_path / "one.html").read_text(encoding="utf-8")
    fused = content[content.index("tab-body") :]
    fused = fused[: fused.index('data-tab="model"')]
    counts = [len(re.findall(f'class="card {name}"', fused)) for name in ("hit", "miss", "false")]
    assert counts == [1, 1, 1]
    assert "lip corner l, up to 4.0 % IOD" in fused
    assert "score 0.90" in fused and "frames 120 - 150" in fused
    assert 'data-start="4.000" data-end="5.033"' in fused


def test_headline_has_the_figures_that_runs_are_compared_by(results):
    figures = headline(results.summary)
    assert len(figures) == 9
    assert figures["fused_f1"] == 0.5 and figures["fused_mae_f1"] == 1.0
    assert figures["fused_me_f1"] == 0.0 and figures["model_f1"] == 0.0


def test_heatmap_cells_hold_the_best_decoding():
    cells = best_per_cell(GRID, "me")
    assert cells.index.tolist() == [0.5, 2.0] and cells.columns.tolist() == [0.3, 0.5]
    np.testing.assert_array_equal(cells.to_numpy(), [[0.6, np.nan], [np.nan, 0.3]])
    texts = [text.get_text() for text in grid_heatmap(GRID, "grid").axes[0].texts]
    assert texts == ["0.60", "0.30"]


def test_figures_show_the_tables_and_repeat(results):
    bars = f1_bars(results.tables["ablation"], "a $b")
    heights = [patch.get_height() for patch in bars.axes[0].patches]
    assert heights[0] == 0.0 and heights[-1] == 0.5 and len(heights) == 9
    curves = pr_curves(results.tables["pr"], "curves")
    assert [len(axes.lines) for axes in curves.axes] == [3, 3, 3]
    assert png_bytes(bars) == png_bytes(f1_bars(results.tables["ablation"], "a $b"))
