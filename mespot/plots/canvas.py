"""Figures without global state, saved to the same bytes each time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mespot.core.files import atomic_path

# charts are flat: without prediction from neighbours they get smaller and are written sooner
_PNG = [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE, cv2.IMWRITE_PNG_COMPRESSION, 3]


@contextmanager
def plain_style() -> Iterator[None]:
    """Draw with matplotlib's own settings, whatever the user's matplotlibrc says."""
    with style.context("default", after_reset=True):
        yield


def new_figure(width: float, height: float, dpi: int = 100) -> Figure:
    """Make a figure that no global registry knows.

    Args:
        width: inches.
        height: inches.
        dpi: pixels per inch.
    """
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_png(path: str | os.PathLike[str], figure: Figure) -> None:
    """Write a figure as PNG, atomically, without a software or time stamp."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(png_bytes(figure))


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as PNG bytes."""
    with plain_style():
        figure.canvas.draw()
    picture = cv2.cvtColor(np.asarray(figure.canvas.buffer_rgba()), cv2.COLOR_RGBA2BGR)
    return cv2.imencode(".png", picture, _PNG)[1].tobytes()
