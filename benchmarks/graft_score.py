"""Scores of what was found in grafted clips.

Must be found: grafts (IoU >= 0.5, one-to-one). Left alone, neither hit nor false alarm: predictions
of which half or more lies on what the clip itself does. All others are false: ``piece`` where half
or more of one lies on grafts, else ``alarm``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from graft_script import Own, covered
from rendered import f1_of, hit_pairs, with_interval

SIZES = {"me": (0.007, 0.012, 0.02, 0.04), "mae": (0.03, 0.06, 0.1, 0.15)}
SECONDS = {"me": (0.1, 0.25, 0.35, 0.55), "mae": (0.3, 1.2, 2.4, 4.5)}
_CLIP = ["clip", "seed"]


@dataclass(frozen=True)
class Judged:
    """Verdicts on one or more videos.

    Attributes:
        events: the truth, with ``clip, seed, person, found``, ``typed`` (its type, too) and, in a
            report, ``chance``: found, too, in the clip without grafts.
        predictions: ``clip, seed, person, onset, offset, type, seconds, ground`` and ``verdict``:
            ``hit, left, piece, alarm``.
    """

    events: pd.DataFrame
    predictions: pd.DataFrame

    def counts(self, by: str | None = None) -> np.ndarray:
        """(n, 3) hits, false predictions and misses; one row, or one per value of a column."""
        events, predictions = self.events, self.predictions
        if by is None:
            wrong = predictions["verdict"].isin(["piece", "alarm"]).sum()
            return np.array([[events["found"].sum(), wrong, (~events["found"]).sum()]])
        values = sorted(set(events[by]) | set(predictions[by]))
        parts = [self.where(by, value).counts() for value in values]
        return np.concatenate(parts or [np.zeros((1, 3), dtype=np.int64)])

    def where(self, column: str, value: object) -> Judged:
        """Return the part with a value in a column that both tables have."""
        events, predictions = self.events, self.predictions
        return Judged(events[events[column] == value], predictions[predictions[column] == value])


def judge(truth: pd.DataFrame, found: pd.DataFrame, own: Own, frames: int, fps: float) -> Judged:
    """Judge what was found in one video.

    Args:
        truth: grafts, see ``graft_script.truth_of``.
        found: columns ``onset, offset, type``, 0-based inclusive frames.
        own: what the clip itself does.
        frames: of the clip.
        fps: its frames per second.
    """
    found = found[found["onset"] < frames].reset_index(drop=True)
    truth = truth.reset_index(drop=True)
    pairs = hit_pairs(truth, found)
    hit, typed = np.zeros((2, len(truth)), dtype=bool)
    for event, prediction in pairs:
        hit[event] = True
        typed[event] = truth["type"][event] == found["type"][prediction]
    on = {
        "grafts": covered(frames, truth[["onset", "offset"]].to_numpy()),
        "speech": covered(frames, own.speech),
        "own": covered(frames, own.left_alone),
    }
    verdicts, grounds = [], []
    for row, (first, last) in enumerate(zip(found["onset"], found["offset"], strict=True)):
        part = slice(int(first), int(last) + 1)
        grounds.append("speech" if on["speech"][part].mean() > 0.5 else "rest")
        if row in pairs[:, 1]:
            verdicts.append("hit")
        elif (on["own"] | on["grafts"])[part].mean() < 0.5:
            verdicts.append("alarm")
        else:
            verdicts.append("piece" if on["grafts"][part].mean() >= 0.5 else "left")
    predictions = found[["onset", "offset", "type"]].assign(
        seconds=(found["offset"] - found["onset"] + 1) / fps, ground=grounds, verdict=verdicts
    )
    return Judged(truth.assign(found=hit, typed=typed), predictions)


def joined(videos: list[Judged]) -> Judged:
    """Put several videos together."""
    tables = [[v.events for v in videos], [v.predictions for v in videos]]
    # empty tables would turn the columns of the others into objects
    full = [[t for t in some if len(t)] or some[:1] for some in tables]
    return Judged(*(pd.concat(some, ignore_index=True) for some in full))


def print_report(everything: Judged, alone: dict[str, Judged], clips: int, minutes: float) -> None:
    """Print all tables.

    Args:
        everything: all videos, whatever the type.
        alone: type -> all videos, grafts and predictions of that type alone.
        clips: how many.
        minutes: length of all videos.
    """
    events, predictions = everything.events, everything.predictions
    hit, wrong, missed = everything.counts()[0]
    typed = 2 * events["typed"].sum() / max(2 * hit + wrong + missed, 1)
    alarms = predictions[predictions["verdict"] == "alarm"]["ground"].value_counts()
    print(f"{len(events)} grafts in {minutes:.1f} minutes of {clips} clips")
    print(
        f"F1 {f1_of([hit, wrong, missed]):.3f}  typed {typed:.3f}  "
        f"precision {hit / max(hit + wrong, 1):.3f}  recall {hit / max(hit + missed, 1):.3f}; "
        f"false: {alarms.get('speech', 0)} in speech, {alarms.get('rest', 0)} at rest, "
        f"{(predictions['verdict'] == 'piece').sum()} pieces"
    )
    print("\n             hit false miss     F1   (95 % over persons)")
    parts = {"overall": everything, "me alone": alone["me"], "mae alone": alone["mae"]}
    for name, part in parts.items():
        print(f"{name:11s}{with_interval(part.counts('person'))}")
    _print_recall(events)
    print("\nby size, of one type alone; its false predictions shared out by grafts")
    for kind, part in alone.items():
        for low, high in zip(SIZES[kind], SIZES[kind][1:], strict=False):
            sized = _within(part.events, "amplitude_iod", low, high)
            counts = Judged(sized, part.predictions).counts()[0]
            counts[1] = round(counts[1] * len(sized) / max(len(part.events), 1))
            _print_counts(f"{kind} {low:.1%}-{high:.1%}", counts)
    print("\nby ground and type: recall, precision, F1")
    for kind, part in alone.items():
        for ground in ("rest", "speech"):
            _print_counts(f"{kind} {ground}", part.where("ground", ground).counts()[0])
    print("\nby length, of one type alone")
    for kind, part in alone.items():
        for low, high in zip(SECONDS[kind], SECONDS[kind][1:], strict=False):
            counts = _between(part, "duration_s", "seconds", low, high).counts()[0]
            _print_counts(f"{kind} {low:g}-{high:g} s", counts)


def print_clips(everything: Judged) -> None:
    """Print a line per clip."""
    print("\nby clip")
    for clip in sorted(set(everything.events["clip"]) | set(everything.predictions["clip"])):
        _print_counts(clip[:30], everything.where("clip", clip).counts()[0])


def _print_recall(events: pd.DataFrame) -> None:
    print("\nrecall (of the right type), by chance in the same clips without grafts, grafts")
    for kind, edges in SIZES.items():
        rows = events[events["type"] == kind]
        for low, high in zip(edges, edges[1:], strict=False):
            _print_share(f"{kind} {low:.1%}-{high:.1%}", _within(rows, "amplitude_iod", low, high))
    for column in ("ground", "placed", "expression"):
        for value, rows in events.groupby(["type", column]):
            _print_share(" ".join(value), rows)


def _print_share(name: str, rows: pd.DataFrame) -> None:
    if len(rows):
        found, typed, chance = (rows[c].mean() for c in ("found", "typed", "chance"))
        print(f"{name:24s}{found:6.3f} ({typed:.3f})  {chance:.3f}{len(rows):6d}")


def _print_counts(name: str, counts: np.ndarray) -> None:
    hit, wrong, missed = counts
    recall, precision = hit / max(hit + missed, 1), hit / max(hit + wrong, 1)
    print(f"{name:32s}{recall:6.3f}{precision:7.3f}{f1_of(counts):7.3f}   {hit} {wrong} {missed}")


def _within(rows: pd.DataFrame, column: str, low: float, high: float) -> pd.DataFrame:
    return rows[(rows[column] >= low) & (rows[column] < high + 1e-9)]


def _between(part: Judged, event: str, prediction: str, low: float, high: float) -> Judged:
    return Judged(
        _within(part.events, event, low, high), _within(part.predictions, prediction, low, high)
    )
