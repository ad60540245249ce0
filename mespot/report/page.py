"""One self-contained HTML file: text, charts and timelines; it loads nothing from anywhere."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from mespot.core.files import write_text
from mespot.plots.colours import TYPE_COLOURS, TYPE_NAMES

if TYPE_CHECKING:  # plotly takes a second to import, and a page without charts does not need it
    import plotly.graph_objects as go

_CHART = '<div class="chart" id="{name}" style="height:{height}px"></div>'
_DATA = '<script type="application/json" id="{name}">{text}</script>\n'


class Page:
    """Collects sections, then writes them with their scripts; ids count upwards.

    Args:
        title: heading.
        lead: HTML below the heading.
    """

    def __init__(self, title: str, lead: str):
        self._title, self._lead = title, lead
        self._sections: list[tuple[str, str, str]] = []
        self._data: list[str] = []
        self._charts = 0

    def add(self, name: str, title: str, body: Iterable[str]) -> None:
        """Add a section.

        Args:
            name: its anchor.
            title: heading, and entry of the navigation.
            body: HTML.
        """
        self._sections.append((name, title, "".join(body)))

    def chart(self, figure: go.Figure) -> str:
        """Return the place of a chart, which the page draws when it is scrolled to."""
        self._charts += 1
        name = f"chart-{self._charts}"
        self._data.append(_DATA.format(name=f"{name}-data", text=_safe(figure.to_json())))
        return _CHART.format(name=name, height=int(figure.layout.height or 360))

    def timelines(self, videos: Sequence[Mapping[str, Any]]) -> str:
        """Return the viewer of the timelines of videos, from ``mespot.report.video.timeline``."""
        for number, video in enumerate(videos):
            self._data.append(_DATA.format(name=f"video-{number}", text=as_json(video)))
        looks = as_json({"colours": TYPE_COLOURS, "names": TYPE_NAMES})
        self._data.append(_DATA.format(name="looks", text=looks))
        options = "".join(
            f'<option data-name="{html.escape(str(video["name"]))}">'
            f"{html.escape(_label(video))}</option>"
            for video in videos
        )
        return _asset("viewer.html").replace("<!--options-->", options)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the page; the same content gives the same bytes."""
        links = "".join(f'<a href="#{name}">{title}</a>' for name, title, _ in self._sections)
        body = "".join(
            f'<section id="{name}"><h2>{title}</h2>\n{text}</section>\n'
            for name, title, text in self._sections
        )
        title = html.escape(self._title)
        # the library that draws, once: the page has to work on a machine without network
        library = (resources.files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")
        write_text(
            path,
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
            f'<link rel="icon" href="data:,"><title>{title}</title>\n'
            f"<style>{_asset('page.css')}</style></head><body>\n"
            f"<header><h1>{title}</h1>{self._lead}</header>\n<nav>{links}</nav>\n<main>\n{body}"
            f"</main>\n{''.join(self._data)}"
            f"<script>{library}</script>\n<script>{_asset('page.js')}</script>\n</body></html>\n",
        )


def as_json(value: Any) -> str:
    """Return compact JSON that can stand inside a script element."""
    return _safe(json.dumps(value, separators=(",", ":"), allow_nan=False))


def _safe(text: str) -> str:
    return text.replace("<", "\\u003c")


def _asset(name: str) -> str:
    return (resources.files("mespot.report") / "assets" / name).read_text("utf-8")


def _label(video: Mapping[str, Any]) -> str:
    counts = video["counts"]
    words = {"hit": "hit", "miss": "missed", "false": "false", "found": "found"}
    told = ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts.get(key))
    return f"{video['name']} ({told or 'nothing'})"
