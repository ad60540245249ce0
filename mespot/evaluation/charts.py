"""Interactive charts of the HTML report, as plotly figures."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mespot.evaluation.canvas import BRANCH_COLOURS, TYPE_NAMES
from mespot.evaluation.plots import best_per_cell
from mespot.evaluation.summary import BRANCHES, KINDS
from mespot.events import TYPES


def f1_chart(ablation: pd.DataFrame) -> go.Figure:
    """F1 with its interval by type and branch; table from ``summary_tables``."""
    figure = go.Figure()
    for branch in BRANCHES:
        rows = ablation[ablation["branch"] == branch].set_index("type").loc[list(KINDS)]
        f1 = rows["f1"].to_numpy()
        figure.add_bar(
            name=branch,
            x=[TYPE_NAMES[kind] for kind in KINDS],
            y=f1.tolist(),
            marker_color=BRANCH_COLOURS[branch],
            text=[f"{value:.2f}" for value in f1],
            textposition="inside",
            error_y={
                "type": "data",
                "array": (rows["high"].to_numpy() - f1).clip(min=0.0).tolist(),
                "arrayminus": (f1 - rows["low"].to_numpy()).clip(min=0.0).tolist(),
                "color": "#888888",
            },
        )
    figure.update_yaxes(title="F1", range=[0, 1.05])
    return _look(figure, 340)


def pr_chart(points: pd.DataFrame) -> go.Figure:
    """Precision over recall by type and branch, the score on hover; table as for ``pr_curves``."""
    figure = _panels([TYPE_NAMES[kind] for kind in KINDS], shared_yaxes=True)
    for column, kind in enumerate(KINDS, start=1):
        for branch in BRANCHES:
            chosen = points[(points["branch"] == branch) & (points["type"] == kind)]
            figure.add_scatter(
                row=1,
                col=column,
                name=branch,
                legendgroup=branch,
                showlegend=column == 1,
                x=chosen["recall"].tolist(),
                y=chosen["precision"].tolist(),
                customdata=chosen["score"].tolist(),
                mode="lines+markers",
                marker={"size": 4},
                line={"color": BRANCH_COLOURS[branch]},
                hovertemplate="score ≥ %{customdata:.2f}<br>recall %{x:.3f}, precision %{y:.3f}",
            )
    figure.update_xaxes(title="recall", range=[0, 1.02])
    figure.update_yaxes(range=[0, 1.05])
    figure.update_yaxes(title="precision", col=1)
    return _look(figure, 360)


def subject_chart(by_subject: pd.DataFrame) -> go.Figure:
    """Overall F1 of each subject by branch, with its counts on hover."""
    overall = by_subject[by_subject["type"] == "overall"]
    subjects = sorted(set(overall["subject"].astype(str)))
    figure = go.Figure()
    for branch in BRANCHES:
        rows = overall[overall["branch"] == branch]
        figure.add_scatter(
            name=branch,
            x=[html.escape(str(name)) for name in rows["subject"]],
            y=rows["f1"].tolist(),
            customdata=rows[["tp", "fp", "fn"]].to_numpy().tolist(),
            mode="markers",
            marker={"size": 11, "color": BRANCH_COLOURS[branch], "opacity": 0.75},
            hovertemplate="%{x}: F1 %{y:.3f}<br>TP %{customdata[0]}, FP %{customdata[1]}, "
            "FN %{customdata[2]}",
        )
    names = [html.escape(name) for name in subjects]
    figure.update_xaxes(
        title="subject", type="category", categoryorder="array", categoryarray=names
    )
    figure.update_yaxes(title="F1, both types", range=[-0.03, 1.05])
    return _look(figure, 320)


def grid_chart(table: pd.DataFrame) -> go.Figure:
    """F1 over granularity and slice length by type; table as for ``grid_heatmap``."""
    figure = _panels([f"{TYPE_NAMES[kind]}-expressions" for kind in TYPES])
    for column, kind in enumerate(TYPES, start=1):
        cells = best_per_cell(table, kind)
        values = cells.to_numpy(dtype=np.float64)
        figure.add_heatmap(
            row=1,
            col=column,
            x=[f"{value:g} s" for value in cells.columns],
            y=[f"{value:g} s" for value in cells.index],
            z=[[float(v) if np.isfinite(v) else None for v in row] for row in values],
            texttemplate="%{z:.2f}",
            zmin=0.0,
            zmax=1.0,
            colorscale="Viridis",
            showscale=column == 1,
            colorbar={"title": "F1"},
            hovertemplate="slices %{x}, granularity %{y}: F1 %{z:.3f}<extra></extra>",
        )
    figure.update_xaxes(title="slice length")
    figure.update_yaxes(title="granularity", col=1)
    return _look(figure, 320)


def _panels(titles: list[str], shared_yaxes: bool = False) -> go.Figure:
    return make_subplots(
        rows=1,
        cols=len(titles),
        subplot_titles=titles,
        shared_yaxes=shared_yaxes,
        horizontal_spacing=0.06,
    )


def _look(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 60, "r": 20, "t": 75, "b": 50},
        legend={"orientation": "h", "x": 0.0, "xanchor": "left", "y": 1.12, "yanchor": "bottom"},
        font={"family": "system-ui, sans-serif", "size": 13},
    )
    return figure
