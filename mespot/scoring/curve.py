"""Precision and recall of scored files, as a table or a picture."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.files import write_csv
from mespot.metric import precision_recall
from mespot.scoring.files import ScoreRules, make_scorer
from mespot.scoring.sets import ScoredSet

FORMATS = (".csv", ".png")


def curve_table(data: ScoredSet, rules: ScoreRules) -> pd.DataFrame:
    """Trace precision and recall over the score.

    Returns:
        ``type`` (me, mae, overall), ``score`` (threshold), ``precision``, ``recall``, ``f1``.

    Raises:
        MespotError: the predictions have no scores, or the protocol has no such curve.
    """
    if "score" not in data.predictions or data.predictions["score"].isna().any():
        raise MespotError("curve: found predictions without scores, expected a column 'score'")
    curves = precision_recall(make_scorer(data, rules), data.predictions)
    parts = [
        pd.DataFrame(
            {
                "type": kind,
                "score": curve.score,
                "precision": curve.precision,
                "recall": curve.recall,
            }
        )
        for kind, curve in curves.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    both = (table["precision"] + table["recall"]).to_numpy()
    product = (2.0 * table["precision"] * table["recall"]).to_numpy()
    table["f1"] = [a / b if b else 0.0 for a, b in zip(product, both, strict=True)]
    return table


def check_format(path: str | os.PathLike[str]) -> None:
    """Refuse a curve file of another format than those in ``FORMATS``.

    Raises:
        MespotError: it ends otherwise.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise MespotError(f"curve: found {path}, expected a name ending in {' or '.join(FORMATS)}")


def write_curve(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a table of ``curve_table`` as CSV or PNG, by the ending of ``path``.

    Raises:
        MespotError: another ending.
    """
    check_format(path)
    if Path(path).suffix.lower() == ".csv":
        write_csv(path, table)
        return
    from mespot.plots.canvas import new_figure, plain_style, save_png
    from mespot.plots.colours import TYPE_COLOURS, TYPE_NAMES

    with plain_style():
        figure = new_figure(5.0, 4.2)
        axes = figure.subplots()
        for kind, rows in table.groupby("type", sort=False):
            axes.plot(
                rows["recall"],
                rows["precision"],
                marker=".",
                markersize=3,
                linewidth=1.2,
                label=TYPE_NAMES[str(kind)],
                color=TYPE_COLOURS[str(kind)],
            )
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(0.0, 1.03)
        axes.set_xlabel("recall")
        axes.set_ylabel("precision")
        axes.grid(color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        if len(table):
            axes.legend(frameon=False, fontsize=8)
    save_png(path, figure)
