"""Figures of the numbers of a data set, as matplotlib objects."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mespot.core.events import TYPES
from mespot.evaluation.summary import BRANCHES, KINDS
from mespot.plots.canvas import new_figure, plain_style
from mespot.plots.colours import BRANCH_COLOURS, TYPE_NAMES


def f1_bars(ablation: pd.DataFrame, title: str) -> Figure:
    """Draw F1 with its interval, grouped by type, one bar per branch.

    Args:
        ablation: ``branch``, ``type``, ``f1``, ``low``, ``high``, see ``summary_tables``.
        title: heading.
    """
    with plain_style():
        figure = new_figure(7.0, 3.6)
        axes = figure.add_axes((0.09, 0.12, 0.89, 0.74))
        for shift, branch in enumerate(BRANCHES):
            rows = ablation[ablation["branch"] == branch].set_index("type").loc[list(KINDS)]
            at = np.arange(len(KINDS)) + (shift - 1) * 0.27
            f1 = rows["f1"].to_numpy()
            error = np.stack([f1 - rows["low"], rows["high"] - f1]).clip(min=0.0)  # (2, 3)
            axes.bar(at, f1, 0.25, color=BRANCH_COLOURS[branch], label=branch)
            axes.errorbar(at, f1, yerr=error, fmt="none", ecolor="#888888", capsize=3, linewidth=1)
            for x, value, high in zip(at, f1, rows["high"], strict=True):
                axes.text(x, max(value, high) + 0.015, f"{value:.2f}", ha="center", fontsize=8)
        axes.set_xticks(np.arange(len(KINDS)), [TYPE_NAMES[kind] for kind in KINDS])
        axes.set_ylim(0.0, 1.18)
        axes.set_ylabel("F1")
        _finish(axes, title)
        axes.legend(frameon=False, fontsize=8, ncols=3, loc="upper right")
    return figure


def pr_curves(points: pd.DataFrame, title: str) -> Figure:
    """Draw precision over recall, one panel per type, one line per branch.

    Args:
        points: ``branch``, ``type``, ``score``, ``precision``, ``recall``, see ``summary_tables``.
        title: heading.
    """
    with plain_style():
        figure = new_figure(10.0, 3.6)
        panels = figure.subplots(1, len(KINDS), sharex=True, sharey=True)
        figure.subplots_adjust(left=0.06, right=0.99, bottom=0.14, top=0.8, wspace=0.08)
        for axes, kind in zip(panels, KINDS, strict=True):
            for branch in BRANCHES:
                chosen = points[(points["branch"] == branch) & (points["type"] == kind)]
                axes.plot(
                    chosen["recall"],
                    chosen["precision"],
                    color=BRANCH_COLOURS[branch],
                    marker=".",
                    markersize=3,
                    linewidth=1.2,
                    label=branch,
                )
            axes.set_xlim(-0.02, 1.02)
            axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0])
            axes.set_ylim(0.0, 1.03)
            axes.set_xlabel("recall")
            _finish(axes, TYPE_NAMES[kind])
        panels[0].set_ylabel("precision")
        panels[0].legend(frameon=False, fontsize=8, loc="lower left")
        figure.suptitle(title, fontsize=11, x=0.06, ha="left")
    return figure


def best_per_cell(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Reduce a grid table to the best F1 of each granularity and slice length.

    Args:
        table: ``type``, ``granularity``, ``length`` (s) and ``f1``, such as
            ``artifacts/grid/<dataset>/heatmap.csv``.
        kind: ``me`` or ``mae``.

    Returns:
        rows granularity, columns slice length, in rising order; NaN where nothing was tried.
    """
    chosen = table[table["type"] == kind]
    return chosen.pivot_table(index="granularity", columns="length", values="f1", aggfunc="max")


def grid_heatmap(table: pd.DataFrame, title: str) -> Figure:
    """Draw F1 over granularity and slice length, one panel per type, best decoding of each cell.

    Args:
        table: see ``best_per_cell``.
        title: heading.
    """
    with plain_style():
        figure = new_figure(9.0, 3.4)
        panels = figure.subplots(1, len(TYPES))
        figure.subplots_adjust(left=0.08, right=0.98, bottom=0.15, top=0.78, wspace=0.25)
        for axes, kind in zip(panels, TYPES, strict=True):
            cells = best_per_cell(table, kind)
            values = cells.to_numpy(dtype=np.float64)
            axes.imshow(values, cmap="viridis", vmin=0.0, vmax=1.0, aspect="auto", origin="lower")
            for (row, column), value in np.ndenumerate(values):
                if np.isfinite(value):
                    shade = "white" if value < 0.6 else "black"
                    axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=shade)
            axes.set_xticks(range(len(cells.columns)), [f"{value:g}" for value in cells.columns])
            axes.set_yticks(range(len(cells.index)), [f"{value:g}" for value in cells.index])
            axes.set_xlabel("slice length, s")
            axes.set_ylabel("granularity, s")
            axes.set_title(f"{TYPE_NAMES[kind]}-expressions", fontsize=10, loc="left")
        figure.suptitle(title, fontsize=11, x=0.08, ha="left")
    return figure


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10, loc="left", parse_math=False)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
