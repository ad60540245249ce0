"""Interactive charts of the search and the fusion, as plotly figures."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mespot.core.events import TYPES
from mespot.plots.colours import BRANCH_COLOURS, TYPE_COLOURS, TYPE_NAMES
from mespot.plots.results import best_per_cell
from mespot.report.style import look, panels


def heatmap_chart(table: pd.DataFrame) -> go.Figure:
    """F1 over granularity and slice length by type, the best decoding of each cell."""
    figure = panels([f"{TYPE_NAMES[kind]}-expressions" for kind in TYPES])
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
            xgap=2,
            ygap=2,
            colorscale="Cividis",
            showscale=column == 1,
            colorbar={"title": "F1"},
            hovertemplate="slices %{x}, granularity %{y}: F1 %{z:.3f}<extra></extra>",
        )
    figure.update_xaxes(title="slice length")
    figure.update_yaxes(title="granularity", col=1)
    return look(figure, 320)


def members_chart(ablation: pd.DataFrame) -> go.Figure:
    """Overall F1 of every member of the fusion search, with intervals.

    Args:
        ablation: ``artifacts/fuse/<dataset>/ablation.csv``.
    """
    rows = ablation[ablation["type"] == "overall"].iloc[::-1]
    figure = go.Figure()
    figure.add_scatter(
        x=rows["f1"].tolist(),
        y=[_words(name) for name in rows["member"]],
        customdata=rows[["tp", "fp", "fn"]].to_numpy().tolist(),
        mode="markers",
        marker={
            "size": 11,
            "color": [BRANCH_COLOURS.get(name, "#b7791f") for name in rows["member"]],
        },
        hovertemplate="%{y}: F1 %{x:.3f}<br>TP %{customdata[0]}, FP %{customdata[1]}, "
        "FN %{customdata[2]}<extra></extra>",
        error_x={
            "type": "data",
            "array": (rows["f1_high"] - rows["f1"]).clip(lower=0.0).tolist(),
            "arrayminus": (rows["f1"] - rows["f1_low"]).clip(lower=0.0).tolist(),
            "color": "#7b8794",
        },
    )
    figure.update_xaxes(title="F1, both types, out-of-fold", range=[-0.02, 1.05])
    figure.update_yaxes(type="category")
    return look(figure, 120 + 30 * len(rows))


def differences_chart(differences: pd.DataFrame) -> go.Figure:
    """Paired differences in F1 (same resampled subjects); an interval without 0 is clear.

    Args:
        differences: ``member``, ``against``, ``type``, ``difference``, ``low``, ``high``.
    """
    rows = differences[differences["type"] == "overall"]
    pairs = [frozenset(pair) for pair in zip(rows["member"], rows["against"], strict=True)]
    rows = rows[~pd.Series(pairs, index=rows.index).duplicated()].iloc[::-1]
    figure = go.Figure()
    figure.add_vline(x=0.0, line={"color": "#b3261e", "width": 1, "dash": "dash"})
    figure.add_scatter(
        x=rows["difference"].tolist(),
        y=[
            f"{_words(row.member)} less {_words(row.against)}"
            for row in rows.itertuples(index=False)
        ],
        mode="markers",
        marker={"size": 10, "color": "#1f2933"},
        error_x={
            "type": "data",
            "array": (rows["high"] - rows["difference"]).clip(lower=0.0).tolist(),
            "arrayminus": (rows["difference"] - rows["low"]).clip(lower=0.0).tolist(),
            "color": "#7b8794",
        },
        hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
    )
    figure.update_xaxes(title="difference in F1, both types")
    figure.update_yaxes(type="category")
    return look(figure, 120 + 26 * len(rows))


def reliability_chart(reliability: pd.DataFrame) -> go.Figure:
    """Share of hits over the calibrated score; on the diagonal a score of 0.8 means 80 % hits.

    Args:
        reliability: ``type``, ``bin``, ``predicted``, ``observed``, ``count``.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", showlegend=False, hoverinfo="skip",
        line={"color": "#9aa5b1", "width": 1, "dash": "dash"},
    )  # fmt: skip
    for kind in dict.fromkeys(reliability["type"]):
        rows = reliability[(reliability["type"] == kind) & (reliability["count"] > 0)]
        largest = max(float(reliability["count"].max()), 1.0)
        figure.add_scatter(
            name=TYPE_NAMES.get(kind, str(kind)),
            x=rows["predicted"].tolist(),
            y=rows["observed"].tolist(),
            customdata=rows["count"].tolist(),
            mode="lines+markers",
            line={"color": TYPE_COLOURS.get(kind, "#555555"), "width": 1.5},
            marker={"size": (6 + 18 * np.sqrt(rows["count"] / largest)).tolist()},
            hovertemplate="score %{x:.2f}: %{y:.0%} hits of %{customdata} intervals",
        )
    figure.update_xaxes(title="mean score of the bin", range=[-0.03, 1.03])
    figure.update_yaxes(title="share of hits", range=[-0.03, 1.06])
    return look(figure, 360)


def oracle_chart(oracle: pd.DataFrame) -> go.Figure:
    """Nested F1 against that of settings chosen on the scored subjects.

    Args:
        oracle: ``branch``, ``type``, ``nested_f1``, ``oracle_f1``.
    """
    names = [
        f"{_words(row.branch)}, {TYPE_NAMES.get(row.type, row.type)}"
        for row in oracle.itertuples(index=False)
    ]
    figure = go.Figure()
    for name, low, high in zip(names, oracle["nested_f1"], oracle["oracle_f1"], strict=True):
        figure.add_scatter(
            x=[low, high], y=[name, name], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": "#9aa5b1", "width": 4},
        )  # fmt: skip
    for column, label, look_of in (
        ("nested_f1", "nested: chosen without the scored subject", {"color": "#1f2933"}),
        (
            "oracle_f1",
            "oracle: chosen on the scored subjects",
            {"color": "#d97706", "symbol": "diamond-open", "line": {"width": 2}},
        ),
    ):
        figure.add_scatter(
            name=label,
            x=oracle[column].tolist(),
            y=names,
            mode="markers",
            marker={"size": 11, **look_of},
            hovertemplate="%{y}: F1 %{x:.3f}",
        )
    figure.update_xaxes(title="F1", range=[-0.02, 1.05])
    figure.update_yaxes(type="category", autorange="reversed")
    return look(figure, 140 + 30 * len(oracle))


def _words(name: object) -> str:
    return html.escape(str(name).replace("_", " "))
