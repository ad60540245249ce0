"""Data sets to score: truth, predictions, the full list of videos, their subjects and rates."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.metric import Protocol
from mespot.scoring.table import Rates, TypeColumn, numbers, read_rows, require_names
from mespot.tables.event_table import read_table


@dataclass(frozen=True)
class ScoredFiles:
    """The files of one data set.

    Attributes:
        predictions: CSV of intervals.
        truth: CSV of events.
        videos: CSV with the full list of videos, and possibly their subjects and fps; None: the
            videos of both other files.
        fps: frames per second; None: the column of ``videos``, if any.
    """

    predictions: str | os.PathLike[str]
    truth: str | os.PathLike[str]
    videos: str | os.PathLike[str] | None = None
    fps: float | None = None


@dataclass(frozen=True)
class ScoredSet:
    """Tables of one or several data sets, checked against each other.

    Attributes:
        truth: events with ``video``.
        predictions: intervals with ``video``.
        videos: (V,) the full list.
        subjects: (V,) of each video.
        fps: (V,) frames per second, or None.
        unknown: predicted videos that the truth does not name, as far as no list was given.
        notes: what a reader has to know about the input, one line each.
    """

    truth: pd.DataFrame
    predictions: pd.DataFrame
    videos: list[str]
    subjects: list[str]
    fps: np.ndarray | None
    unknown: list[str]
    notes: list[str]


def pair_files(
    pairs: Sequence[tuple[str | os.PathLike[str], str | os.PathLike[str]]],
    videos: Sequence[str | os.PathLike[str]],
    fps: Sequence[float],
) -> list[ScoredFiles]:
    """Give each data set its list of videos and its rate.

    Args:
        pairs: predictions and truth of each data set.
        videos: none, or one list per data set.
        fps: none, one rate for all, or one per data set.

    Raises:
        MespotError: another number of lists or rates.
    """
    if len(videos) not in (0, len(pairs)):
        raise MespotError(f"--videos: found {len(videos)}, expected one for each of {len(pairs)}")
    if len(fps) not in (0, 1, len(pairs)):
        raise MespotError(f"--fps: found {len(fps)}, expected one for each of {len(pairs)}")
    lists = list(videos) or [None] * len(pairs)
    rates = list(fps) * (len(pairs) if len(fps) == 1 else 1) or [None] * len(pairs)
    return [
        ScoredFiles(*pair, listed, rate)
        for pair, listed, rate in zip(pairs, lists, rates, strict=True)
    ]


def load_set(files: ScoredFiles, protocol: Protocol, branch: str | None = None) -> ScoredSet:
    """Read the files of one data set.

    Args:
        files: their paths.
        protocol: tells whether types are needed, and what a missing offset means.
        branch: of a file with a column ``branch``, the one to score.

    Raises:
        MespotError: naming file, row, what was found and what is expected.
    """
    listed = None if files.videos is None else _read_videos(files.videos)
    rates = _rates(files, listed)
    truth_types, found_types = _types_to_read(protocol, rates is not None)
    by_name = _by_name(rates, listed)
    found = read_rows(files.predictions, types=found_types, fps=by_name)
    found = _one_branch(files.predictions, found, branch)
    truth = read_rows(files.truth, True, truth_types, protocol.missing_offset, by_name)
    tables = [(files.truth, truth), (files.predictions, found)]
    notes = []
    repeats = _repeats_names(truth)
    if repeats:
        notes.append("video names repeat between subjects: a video is known as subject/video")
        for path, table in (*tables, (files.videos, listed)):
            if table is not None:
                _name_by_subject(path, table, files.truth)
    if listed is None:
        videos = sorted({*truth["video"], *found["video"]})
        unknown = sorted({*found["video"]} - {*truth["video"]})
    else:
        videos, unknown = listed["video"].tolist(), []
        for path, table in tables:
            _only_listed(path, table, set(videos), files.videos)
    if repeats:
        subjects, rule = [name.split("/", 1)[0] for name in videos], "subject: column of the truth"
    else:
        subjects, rule = find_subjects(videos, truth, listed)
    early = int((found["onset"] < 0).sum())
    if early:
        notes.append(f"{early} of {len(found)} predictions begin before frame 0")
    if unknown and not set(found["video"]) & set(truth["video"]):
        named = repr(truth["video"].min()) if len(truth) else "an empty truth"
        notes.append(
            f"no predicted video is named in the truth: compare {unknown[0]!r} and {named}"
        )
    rates = None if rates is None else np.broadcast_to(rates, (len(videos),))
    # where a protocol scores one type and a file has no types, all its rows are of that type
    truth, found = (
        table if "type" in table else table.assign(type=protocol.types[0])
        for table in (truth, found)
    )
    return ScoredSet(truth, found, videos, subjects, rates, unknown, [*notes, rule])


def pool_sets(sets: Sequence[ScoredSet]) -> ScoredSet:
    """Join data sets, whose counts then add up; names get the number of their set in front.

    Raises:
        MespotError: the frame rate is known for some sets only.
    """
    if len(sets) == 1:
        return sets[0]
    rates = [one.fps is not None for one in sets]
    if any(rates) and not all(rates):
        raise MespotError("fps: known for some of the data sets, expected for all or none")
    marked = [_marked(one, f"{number}:") for number, one in enumerate(sets, start=1)]
    return ScoredSet(
        truth=pd.concat([one.truth for one in marked], ignore_index=True),
        predictions=pd.concat([one.predictions for one in marked], ignore_index=True),
        videos=[name for one in marked for name in one.videos],
        subjects=[name for one in marked for name in one.subjects],
        fps=np.concatenate([one.fps for one in marked]) if all(rates) else None,
        unknown=[name for one in marked for name in one.unknown],
        notes=[note for one in marked for note in one.notes],
    )


def find_subjects(
    videos: Sequence[str], truth: pd.DataFrame, listed: pd.DataFrame | None
) -> tuple[list[str], str]:
    """Name the subject of each video.

    The column ``subject`` of the list of videos or of the truth; else the part of the name before
    the first ``_``. A video that the truth does not name belongs to the subject of those that
    share this part.

    Returns:
        (V,) subjects, and the rule in words.
    """
    table = listed if listed is not None and "subject" in listed else truth
    stems = {name: name.split("_", 1)[0] for name in videos}
    if "subject" not in table:
        return [stems[name] for name in videos], "subject: part of the name before the first _"
    known = dict(zip(table["video"], table["subject"], strict=True))
    by_stem = {stems[name]: subject for name, subject in known.items() if name in stems}
    subjects = [known.get(name) or by_stem.get(stems[name], stems[name]) for name in videos]
    where = "list of videos" if table is listed else "truth"
    return subjects, f"subject: column of the {where}"


def _read_videos(path: str | os.PathLike[str]) -> pd.DataFrame:
    table = read_table(path, ("video",), known=("subject", "fps"))
    require_names(table)
    listed = table.frame()
    if "fps" in listed:
        listed["fps"] = numbers(table, "fps")
    keys = ["subject", "video"] if "subject" in listed else ["video"]
    repeated = np.flatnonzero(listed.duplicated(keys).to_numpy())
    if repeated.size:
        row = listed.iloc[repeated[0]]
        raise MespotError(
            f"{path}: row {row['line']}, vid: found {row['video']!r} again, expected each video "
            "once"
        )
    return listed


def _only_listed(
    path: str | os.PathLike[str],
    table: pd.DataFrame,
    names: set[str],
    source: str | os.PathLike[str] | None,
) -> None:
    foreign = np.flatnonzero(~table["video"].isin(names).to_numpy())
    if foreign.size:
        row = table.iloc[foreign[0]]
        raise MespotError(
            f"{path}: row {row['line']}, vid: found {row['video']!r}, expected one of the "
            f"{len(names)} videos of {source}"
        )


def _types_to_read(protocol: Protocol, timed: bool) -> tuple[TypeColumn, TypeColumn]:
    """Tell what becomes of the types of truth and predictions."""
    if protocol.typing == "label":
        column: TypeColumn = "needed" if len(protocol.types) > 1 else "read"
        return column, column
    return ("needed" if protocol.typing == "length" and timed else "ignored"), "ignored"


def _one_branch(
    path: str | os.PathLike[str], table: pd.DataFrame, branch: str | None
) -> pd.DataFrame:
    """Choose the rows of one branch of a fused table; a table without branches stays."""
    found = sorted(set(table["branch"])) if "branch" in table else []
    if branch is None:
        if len(found) > 1:
            raise MespotError(
                f"{path}: column branch: found {', '.join(found)}, expected one of them to be "
                "chosen with --branch"
            )
        return table
    if branch not in found:
        raise MespotError(
            f"{path}: column branch: found {', '.join(found) or 'none'}, expected {branch!r}"
        )
    return table[table["branch"] == branch].reset_index(drop=True)


def _repeats_names(truth: pd.DataFrame) -> bool:
    if "subject" not in truth:
        return False
    return len(truth[["subject", "video"]].drop_duplicates()) > truth["video"].nunique()


def _name_by_subject(
    path: str | os.PathLike[str] | None, table: pd.DataFrame, truth: str | os.PathLike[str]
) -> None:
    if "subject" not in table:
        raise MespotError(
            f"{path}: column 'subject' is missing, expected since video names repeat between "
            f"subjects in {truth}"
        )
    table["video"] = table["subject"] + "/" + table["video"]


def _rates(files: ScoredFiles, listed: pd.DataFrame | None) -> np.ndarray | None:
    """Frames per second: one figure, or one per listed video."""
    if files.fps is not None:
        return np.asarray(files.fps, dtype=np.float64)
    if listed is None or "fps" not in listed:
        return None
    return listed["fps"].to_numpy(dtype=np.float64)


def _by_name(rates: np.ndarray | None, listed: pd.DataFrame | None) -> Rates:
    if rates is None or not rates.ndim:
        return None if rates is None else float(rates)
    return dict(zip(listed["video"], rates.tolist(), strict=True))


def _marked(one: ScoredSet, mark: str) -> ScoredSet:
    return ScoredSet(
        truth=one.truth.assign(video=mark + one.truth["video"]),
        predictions=one.predictions.assign(video=mark + one.predictions["video"]),
        videos=[mark + name for name in one.videos],
        subjects=[mark + name for name in one.subjects],
        fps=one.fps,
        unknown=[mark + name for name in one.unknown],
        notes=[f"set {mark} {note}" for note in one.notes],
    )
