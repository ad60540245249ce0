"""Picture of a confusion matrix."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from mespot.plots.canvas import new_figure, plain_style, save_png

_CELL = 0.55  # inches


def save_confusion(
    path: str | os.PathLike[str], confusion: np.ndarray, names: Sequence[str], title: str
) -> None:
    """Draw a confusion matrix: colour is the share of the row, numbers are clips.

    Args:
        path: PNG file.
        confusion: (K, K) clips, rows = truth, columns = prediction.
        names: of the K classes.
        title: above the matrix.
    """
    wanted = confusion.sum(1, keepdims=True)
    shares = np.divide(confusion, wanted, out=np.zeros(confusion.shape), where=wanted > 0)  # (K, K)
    side = 1.9 + _CELL * len(names)
    with plain_style():
        figure = new_figure(side, side)
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("prediction")
        axes.set_ylabel("truth")
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        for row, column in np.ndindex(*confusion.shape):
            if confusion[row, column]:
                colour = "white" if shares[row, column] > 0.55 else "black"
                axes.text(
                    column, row, str(confusion[row, column]), ha="center", va="center",
                    color=colour, fontsize=8,
                )  # fmt: skip
        figure.tight_layout()
    save_png(path, figure)
