"""Figures without global state, saved to the same bytes each time."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mespot.files import atomic_path


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
    stream = io.BytesIO()
    with plain_style():
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def data_url(png: bytes) -> str:
    """Return a PNG as text that an HTML page can hold."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
