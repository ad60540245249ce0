"""Interval tables of the pipeline as the source of a submission."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.events import INTERVAL_COLUMNS, check_table
from mespot.tables.event_table import read_table


def read_intervals(path: str | Path, branch: str = "fused", min_score: float = 0.0) -> pd.DataFrame:
    """Read an interval table of mespot, such as ``artifacts/fuse/<dataset>/intervals.csv``.

    Args:
        path: CSV with ``video``, ``onset``, ``offset`` (0-based, inclusive), ``type``, ``score``.
        branch: rows to take where the table has a column ``branch``.
        min_score: rows with a lower score are left out; the table of the flow stage, other than
            those of grid and fuse, holds all that it saw.

    Returns:
        the columns of ``INTERVAL_COLUMNS``.

    Raises:
        MespotError: unreadable, a faulty row, or a branch that the table does not have.
    """
    rows = read_table(path, INTERVAL_COLUMNS, known=("branch",))
    if rows.written["video"].lower() == "vid":
        raise MespotError(
            f"{path}: found column 'vid', whose frames count as its input does, expected an "
            f"interval table of the pipeline: {','.join(INTERVAL_COLUMNS)}"
        )
    table = check_table(rows.frame(), INTERVAL_COLUMNS, str(path))
    table["score"] = [
        np.nan if number is None else number
        for number in (rows.number(row, "score") for row in range(len(rows)))
    ]
    outside = ~table["score"].between(0, 1).to_numpy(dtype=bool)
    if outside.any():
        raise rows.fault(int(outside.argmax()), "score", "0 to 1")
    table = table.astype({"video": str, "type": str, "score": float})
    if "branch" in table.columns:
        branches = sorted(table["branch"].unique())
        if len(table) and branch not in branches:
            raise MespotError(
                f"{path}: found no branch {branch!r}, expected one of {', '.join(branches)}"
            )
        table = table[table["branch"] == branch]
    return table.loc[table["score"] >= min_score, list(INTERVAL_COLUMNS)].reset_index(drop=True)
