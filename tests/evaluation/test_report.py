from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from mespot.errors import MespotError
from mespot.evaluation.canvas import png_bytes
from mespot.evaluation.plots import best_per_cell, f1_bars, grid_heatmap, pr_curves
from mespot.evaluation.report import ReportSection, write_report
from mespot.evaluation.summary import summarise, summary_tables
from mespot.params.report import ReportParams

PARAMS = ReportParams(draws=50, confidence=0.95, min_iou=0.5)
NASTY = "<script>alert('x')</script>"
VIDEOS = pd.DataFrame(
    {"subject": ["s1", NASTY], "video": ["a", "b"], "fps": 30.0, "frames": [900, 900]}
)
EVENTS = pd.DataFrame(
    {"video": ["a", "b"], "onset": [10, 50], "offset": [20, 90], "type": ["me", "mae"]}
)
FUSED = pd.concat([EVENTS.assign(branch=name, score=0.7) for name in ("flow", "fused")])
GRID = pd.DataFrame(
    {
        "type": ["me", "me", "me", "mae"],
        "granularity": [0.5, 0.5, 2.0, 2.0],
        "length": [0.3, 0.3, 0.5, 1.0],
        "threshold": [0.4, 0.6, 0.5, 0.5],
        "f1": [0.2, 0.6, 0.3, 0.8],
    }
)


@pytest.fixture
def section(tmp_path):
    png = tmp_path / "a.png"
    png.write_bytes(b"\x89PNG picture")
    return ReportSection(
        summary=summarise(NASTY, VIDEOS, EVENTS, FUSED, PARAMS, 1),
        tables=summary_tables(VIDEOS, EVENTS, FUSED, PARAMS, 1),
        source="Made-up data.",
        grid=GRID,
        timelines={f"a {NASTY}": png},
    )


class _Page(HTMLParser):
    """Collects the text of cells and the sources that a page would load."""

    def __init__(self):
        super().__init__()
        self.cells: list[str] = []
        self.sources: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.sources += [
            value for name, value in attrs if name == "src" or (name == "href" and tag == "link")
        ]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data):
        if self.cells and self.lasttag in ("td", "span"):
            self.cells[-1] += data.strip()


def test_the_page_is_self_contained_escaped_and_repeats(tmp_path, section):
    for name in ("one.html", "two.html"):
        write_report(tmp_path / name, [section, section], title=NASTY)
    content = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert content == (tmp_path / "two.html").read_text(encoding="utf-8")
    assert NASTY not in content
    page = _Page()
    page.feed(content)
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG picture").decode()
    assert page.sources == [picture, picture]
    assert content.count("plotly.js v") == 1
    ids = re.findall(r'<div id="(chart-\d+)"', content)
    assert ids == [f"chart-{number}" for number in range(1, 9)]


def test_the_numbers_stand_in_the_table(tmp_path, section):
    write_report(tmp_path / "one.html", [section])
    page = _Page()
    content = (tmp_path / "one.html").read_text(encoding="utf-8")
    page.feed(content)
    rows = [page.cells[start : start + 12] for start in range(0, len(page.cells), 12)]
    assert len(rows) == 12
    assert rows[0][:10] == ["model", "micro", "1", "0", "0", "0", "1", "0.000", "0.000", "0.000"]
    assert rows[10][:10] == ["fused", "overall", "2", "2", "2", "0", "0", "1.000", "1.000", "1.000"]
    assert rows[11][1] == "types ignored"
    assert "2 subjects, 2 videos (2 with events), 1.0 minutes" in content
    assert "Only 2 subjects" in content


def test_a_missing_timeline_is_named(tmp_path, section):
    section.timelines["b"] = tmp_path / "gone.png"
    with pytest.raises(MespotError, match=r"gone\.png: cannot be read"):
        write_report(tmp_path / "one.html", [section])


def test_few_pictures_stand_inside_and_all_others_are_linked(tmp_path, section):
    (tmp_path / "timelines").mkdir()
    for number in range(40):
        path = tmp_path / "timelines" / f"v {number:02d}.png"
        path.write_bytes(b"\x89PNG")
        section.timelines[f"v {number:02d}"] = path
    write_report(tmp_path / "one.html", [section])
    content = (tmp_path / "one.html").read_text(encoding="utf-8")
    inside = re.findall(r'alt="timeline of v (\d\d)"', content)
    linked = re.findall(r'<a href="timelines/v%20(\d\d)\.png">v \1</a>', content)
    assert len(inside) == 23 and inside[-1] == "39"  # and the section's own first one
    assert sorted(inside + linked) == [f"{number:02d}" for number in range(40)]


def test_heatmap_cells_hold_the_best_decoding():
    cells = best_per_cell(GRID, "me")
    assert cells.index.tolist() == [0.5, 2.0] and cells.columns.tolist() == [0.3, 0.5]
    np.testing.assert_array_equal(cells.to_numpy(), [[0.6, np.nan], [np.nan, 0.3]])
    texts = [text.get_text() for text in grid_heatmap(GRID, "grid").axes[0].texts]
    assert texts == ["0.60", "0.30"]


def test_figures_show_the_tables_and_repeat(section):
    bars = f1_bars(section.tables["ablation"], "a $b")
    heights = [patch.get_height() for patch in bars.axes[0].patches]
    assert heights == [0.0] * 3 + [1.0] * 6  # model, flow, fused by type
    curves = pr_curves(section.tables["pr"], "curves")
    assert [len(axes.lines) for axes in curves.axes] == [3, 3, 3]
    assert curves.axes[2].lines[2].get_xdata().tolist() == [1.0]
    assert png_bytes(bars) == png_bytes(f1_bars(section.tables["ablation"], "a $b"))
