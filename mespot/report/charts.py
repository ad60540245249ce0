"""Interactive charts of the numbers of a data set, as plotly figures."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from mespot.evaluation.summary import BRANCHES, KINDS
from mespot.plots.colours import BRANCH_COLOURS, TYPE_NAMES
from mespot.report.style import BRANCH_LINES, look, panels

_SYMBOLS = {"model": "diamond", "flow": "square", "fused": "circle"}


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
            insidetextanchor="start",
            error_y=_whiskers(f1, rows["low"].to_numpy(), rows["high"].to_numpy()),
            hovertemplate="%{x}: F1 %{y:.3f}",
        )
    figure.update_yaxes(title="F1", range=[0, 1.05])
    return look(figure, 340)


def pr_chart(points: pd.DataFrame) -> go.Figure:
    """Precision over recall by type and branch, the score on hover; table as for ``pr_curves``.

    Where the search chose one branch alone its curve and the fused one coincide: the branches are
    drawn wide and below, the fused one narrow, dashed and above.
    """
    figure = panels([TYPE_NAMES[kind] for kind in KINDS], shared_yaxes=True)
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
                marker={"size": 5, "symbol": _SYMBOLS[branch]},
                line={"color": BRANCH_COLOURS[branch], **BRANCH_LINES[branch]},
                hovertemplate="score ≥ %{customdata:.2f}<br>recall %{x:.3f}, precision %{y:.3f}",
            )
    figure.update_xaxes(title="recall", range=[-0.02, 1.03])
    figure.update_yaxes(range=[0, 1.05])
    figure.update_yaxes(title="precision", col=1)
    return look(figure, 360)


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
            marker={
                # open and of different size: equal figures stay visible on top of each other
                "size": {"model": 9, "flow": 15, "fused": 9}[branch],
                "symbol": _SYMBOLS[branch] + ("-open" if branch == "flow" else ""),
                "color": BRANCH_COLOURS[branch],
                "line": {"width": 2 if branch == "flow" else 0},
            },
            hovertemplate="%{x}: F1 %{y:.3f}<br>TP %{customdata[0]}, FP %{customdata[1]}, "
            "FN %{customdata[2]}",
        )
    names = [html.escape(name) for name in subjects]
    figure.update_xaxes(
        title="subject", type="category", categoryorder="array", categoryarray=names
    )
    figure.update_yaxes(title="F1, both types", range=[-0.05, 1.07])
    return look(figure, 320)


def strata_chart(strata: pd.DataFrame, title: str) -> go.Figure:
    """F1 within bins of a property, one bar per branch; table from ``f1_by_bin``."""
    order = strata.sort_values("low")["bin"].drop_duplicates().tolist()
    figure = go.Figure()
    for branch in BRANCHES:
        rows = strata[strata["branch"] == branch].set_index("bin")
        known = [name for name in order if name in rows.index]
        figure.add_bar(
            name=branch,
            x=[html.escape(name) for name in known],
            y=rows.loc[known, "f1"].tolist(),
            customdata=rows.loc[known, ["tp", "fp", "fn"]].to_numpy().tolist(),
            marker_color=BRANCH_COLOURS[branch],
            hovertemplate="%{x}: F1 %{y:.3f}<br>TP %{customdata[0]}, FP %{customdata[1]}, "
            "FN %{customdata[2]}",
        )
    names = [html.escape(name) for name in order]
    figure.update_xaxes(title=title, type="category", categoryorder="array", categoryarray=names)
    figure.update_yaxes(title="F1, both types", range=[0, 1.05])
    return look(figure, 320)


def _whiskers(value, low, high) -> dict:
    return {
        "type": "data",
        "array": (high - value).clip(min=0.0).tolist(),
        "arrayminus": (value - low).clip(min=0.0).tolist(),
        "color": "#7b8794",
        "thickness": 1.4,
    }
