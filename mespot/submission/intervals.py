"""Interval tables of the pipeline as the source of a submission."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mespot.errors import MespotError
from mespot.events import INTERVAL_COLUMNS, check_table


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
    try:
        table = pd.read_csv(path, dtype={"video": str, "branch": str}, keep_default_na=False)
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, pd.errors.ParserError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MespotError(f"{path}: not a table of intervals ({reason})") from error
    if "video" not in table.columns and "vid" in table.columns:
        raise MespotError(
            f"{path}: found column 'vid', whose frames count as its input does, expected an "
            f"interval table of the pipeline: {','.join(INTERVAL_COLUMNS)}"
        )
    table = check_table(table, INTERVAL_COLUMNS, str(path))
    score = pd.to_numeric(table["score"], errors="coerce")
    if not score.between(0, 1).all():
        row = int((~score.between(0, 1)).to_numpy().argmax())
        found = str(table["score"].iloc[row])
        raise MespotError(f"{path}: row {row + 2}, score: found {found!r}, expected 0 to 1")
    table["score"] = score.astype(float)
    if "branch" in table.columns:
        branches = sorted(table["branch"].unique())
        if len(table) and branch not in branches:
            raise MespotError(
                f"{path}: found no branch {branch!r}, expected one of {', '.join(branches)}"
            )
        table = table[table["branch"] == branch]
    return table.loc[table["score"] >= min_score, list(INTERVAL_COLUMNS)].reset_index(drop=True)
