"""Scoring of two CSV files: anybody's predictions against anybody's truth."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from mespot.errors import MespotError
from mespot.events import check_table
from mespot.metric import count

COLUMNS = ("vid", "onset", "offset", "type")
_ROWS = {"me": "ME", "mae": "MaE", "overall": "overall"}


def score_files(
    pred_csv: str | os.PathLike[str], truth_csv: str | os.PathLike[str], untyped: bool = False
) -> dict[str, Any]:
    """Count hits of a file of predictions by the MEGC rule.

    Both files have the columns ``vid``, ``onset``, ``offset`` (inclusive frames in the same
    numbering) and ``type`` (``me`` or ``mae``); further columns are allowed. The list of videos is
    the union of both files, so a predicted video without an event costs its predictions as FP.

    Args:
        pred_csv: predictions, as in a challenge submission.
        truth_csv: events.
        untyped: let intervals of different types match; then only ``overall`` is given.

    Returns:
        ``me``, ``mae`` and ``overall``, each with tp, fp, fn, precision, recall and f1; and
        ``untyped``, ``videos``, ``events``, ``predictions``, and ``unknown_videos``: predicted
        videos that the truth does not name.

    Raises:
        MespotError: naming file, row, what was found and what is expected.
    """
    predictions = read_rows(pred_csv)
    truth = read_rows(truth_csv)
    videos = sorted({*truth["video"], *predictions["video"]})
    counts = count(truth, predictions, videos, typed=not untyped)
    return {
        **{name: tally.as_dict() for name, tally in counts.tallies().items()},
        "untyped": untyped,
        "videos": len(videos),
        "events": len(truth),
        "predictions": len(predictions),
        "unknown_videos": sorted({*predictions["video"]} - {*truth["video"]}),
    }


def read_rows(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a CSV of intervals with the columns ``vid, onset, offset, type`` (and more).

    Returns:
        the rows with ``vid`` renamed to ``video``; a file with only a header gives none.

    Raises:
        MespotError: the file cannot be read, or a row is wrong.
    """
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, skipinitialspace=True, encoding="utf-8-sig"
        )
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror or error})") from error
    except pd.errors.EmptyDataError as error:
        raise MespotError(f"{path}: is empty, expected a header {','.join(COLUMNS)}") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MespotError(f"{path}: not a CSV table ({reason})") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise MespotError(f"{path}: rows have more fields than the header {','.join(table)}")
    table.columns = [str(name).strip() for name in table.columns]
    for name in table.columns:
        table[name] = table[name].fillna("").str.strip()
    table = check_table(table, COLUMNS, str(path))
    nameless = np.flatnonzero(table["vid"] == "")
    if nameless.size:
        raise MespotError(
            f"{path}: row {nameless[0] + 2}, vid: found nothing, expected a video name"
        )
    if "score" in table.columns:
        table["score"] = _numbers(table["score"], path)
    return table.rename(columns={"vid": "video"})


def _numbers(column: pd.Series, path: str | os.PathLike[str]) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    bad = np.flatnonzero(~np.isfinite(numbers.to_numpy(dtype=np.float64)))
    if bad.size:
        row = int(bad[0])
        raise MespotError(
            f"{path}: row {row + 2}, score: found {column.iloc[row]!r}, expected a number"
        )
    return numbers


def render_scores(result: dict[str, Any]) -> str:
    """Lay out the result of ``score_files`` as a text table for the terminal.

    Returns:
        several lines without colour codes.
    """
    kinds = "types ignored" if result["untyped"] else "same type needed"
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("type")
    for name in ("events", "predicted", "TP", "FP", "FN", "precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for name, label in _ROWS.items():
        if name not in result:
            continue
        row = result[name]
        table.add_row(
            label,
            *(str(row["tp"] + row[other]) for other in ("fn", "fp")),
            *(str(row[key]) for key in ("tp", "fp", "fn")),
            *(f"{row[key]:.4f}" for key in ("precision", "recall", "f1")),
        )
    stream = io.StringIO()
    console = Console(file=stream, width=100, color_system=None, highlight=False)
    console.print(f"{result['videos']} videos, IoU >= 0.5, one-to-one, {kinds}")
    console.print(table)
    unknown = result["unknown_videos"]
    if unknown:
        console.print(
            f"{len(unknown)} predicted videos have no event in the truth file "
            f"(first: {unknown[0]}); their predictions count as false",
            markup=False,
        )
    return "\n".join(line.rstrip() for line in stream.getvalue().strip().splitlines())
