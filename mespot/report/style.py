"""The common look of the charts of the page."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

BRANCH_LINES = {
    "model": {"width": 2, "dash": "dot"},
    "flow": {"width": 5},
    "fused": {"width": 2, "dash": "dash"},
}


def panels(titles: list[str], shared_yaxes: bool = False) -> go.Figure:
    """Make a row of empty panels."""
    return make_subplots(
        rows=1,
        cols=len(titles),
        subplot_titles=titles,
        shared_yaxes=shared_yaxes,
        horizontal_spacing=0.06,
    )


def look(figure: go.Figure, height: int) -> go.Figure:
    """Give a chart the page's fonts, margins and legend; returns it."""
    grid = {"gridcolor": "#e9ecef", "zeroline": False, "linecolor": "#8a949e", "automargin": True}
    figure.update_xaxes(**grid)
    figure.update_yaxes(**grid)
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 64, "r": 16, "t": 64, "b": 50},
        legend={"orientation": "h", "x": 0.0, "xanchor": "left", "y": 1.1, "yanchor": "bottom"},
        font={"family": "system-ui, DejaVu Sans, sans-serif", "size": 13, "color": "#1f2933"},
        hoverlabel={"namelength": -1},
        bargap=0.25,
    )
    return figure
