"""What became of every event and every found interval: hit, miss or false alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from mespot.core.events import iou_matrix
from mespot.metric import match

COLUMNS = (
    "verdict", "video", "type", "onset", "apex", "offset",
    "found_onset", "found_offset", "score", "iou",
)  # fmt: skip
NOWHERE = -1


def judge(events: pd.DataFrame, found: pd.DataFrame, min_iou: float) -> pd.DataFrame:
    """Match found intervals to events and name the outcome of each.

    One-to-one within a video and type, of maximum size, as in protocol ``megc``: the numbers of
    hits, misses and false alarms are its TP, FN and FP.

    Args:
        events: the truth: ``video``, ``onset``, ``offset``, ``type``, perhaps ``apex``.
        found: intervals of one branch: ``video``, ``onset``, ``offset``, ``type``, ``score``.
        min_iou: IoU of a hit.

    Returns:
        one row per event and false alarm, by video and time: ``verdict`` (hit, miss, false),
        ``video``, ``type``, ``onset``, ``apex``, ``offset`` of the event, ``found_onset``,
        ``found_offset``, ``score``, ``iou``. What does not exist is -1 (frames) or NaN.
    """
    if "apex" not in events.columns:
        events = events.assign(apex=NOWHERE)
    rows: list[tuple] = []
    mine = {key: part for key, part in found.groupby(["video", "type"], sort=False)}
    true = {key: part for key, part in events.groupby(["video", "type"], sort=False)}
    for video, kind in sorted({*mine, *true}):
        rows.extend(
            _judge_one(
                video,
                kind,
                true.get((video, kind), events.iloc[:0]),
                mine.get((video, kind), found.iloc[:0]),
                min_iou,
            )
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    begin = table["onset"].where(table["onset"] >= 0, table["found_onset"])
    order = table.assign(begin=begin).sort_values(["video", "begin", "type"], kind="stable")
    return order[list(COLUMNS)].reset_index(drop=True)


def mark_hits(intervals: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Add to found intervals whether each is a hit.

    Args:
        intervals: found intervals with ``branch``.
        verdicts: rows of ``judge`` about them with a column ``branch``.

    Returns:
        the intervals with a column ``hit``.
    """
    hits = verdicts[verdicts["verdict"] == "hit"]
    keys = ["branch", "video", "type", "found_onset", "found_offset"]
    left = Counter(hits[keys].itertuples(index=False, name=None))
    marks = []
    for row in intervals[["branch", "video", "type", "onset", "offset"]].itertuples(index=False):
        marks.append(left[tuple(row)] > 0)
        left[tuple(row)] -= 1  # of equal intervals as many are hits as were matched
    return intervals.assign(hit=np.asarray(marks, dtype=bool))


def _judge_one(
    video: str, kind: str, events: pd.DataFrame, found: pd.DataFrame, min_iou: float
) -> Iterator[tuple]:
    true, made = _spans(events), _spans(found)
    partner = {int(row): int(column) for row, column in match(true, made, min_iou)}
    overlap, apex = iou_matrix(true, made), events["apex"].to_numpy()
    score = found["score"].to_numpy(dtype=np.float64)
    for row, (onset, offset) in enumerate(true.tolist()):
        event = (video, kind, onset, int(apex[row]), offset)
        if row in partner:
            column = partner[row]
            yield ("hit", *event, *made[column].tolist(), score[column], overlap[row, column])
        else:
            closest = overlap[row].max() if made.size else 0.0
            yield ("miss", *event, NOWHERE, NOWHERE, np.nan, closest)
    for column in sorted({*range(len(made))} - {*partner.values()}):
        closest = overlap[:, column].max() if true.size else 0.0
        nowhere = (NOWHERE, NOWHERE, NOWHERE)
        yield ("false", video, kind, *nowhere, *made[column].tolist(), score[column], closest)


def _spans(table: pd.DataFrame) -> np.ndarray:
    return table[["onset", "offset"]].to_numpy(dtype=np.int64).reshape(-1, 2)
