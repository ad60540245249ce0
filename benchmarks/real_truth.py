"""Truth of real clips that two people annotated by eye: what has to be found, what is left alone.

The folder holds ``clips.csv`` (clip, person, file, fps, frames) and ``annotations.csv``
(annotator A or B, clip, kind, onset, apex, offset, strength, where, note), frames 0-based
inclusive. An expression that both marked (IoU of at least .3) and at least one called clear has to
be found, its edges are the means of the two. What one alone marked, or both called subtle, and
disturbances (kind ``other``) are left alone. These rules are those of the folder's own
``score.py``; nothing but the rules is taken from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from mespot.core.errors import MespotError
from mespot.core.events import iou_matrix

ANNOTATORS = ("A", "B")
AGREE = 0.3  # IoU from which two marks are the same event
LONGEST_ME = 0.5  # s
_EYES = r"\b(?:eyes?|lids?|blinks?|winks?)\b"
_CLIPS = ("clip", "person", "file", "fps", "frames")
_MARKS = ("annotator", "clip", "kind", "onset", "offset", "strength", "where", "note")


def no_spans() -> np.ndarray:
    """Return a table of spans without rows."""
    return np.zeros((0, 2))


@dataclass(frozen=True)
class ClipTruth:
    """What two annotators say about one clip; all spans are (n, 2) inclusive frames.

    Attributes:
        clip: name.
        person: who is seen; several clips may show one person.
        fps: frames per second.
        frames: number of frames that were annotated; a file may have more.
        must: events that have to be found; edges are means, so halves of frames occur.
        free: expressions that count neither way.
        speech: speech that either annotator marked.
        other: disturbances that count neither way.
        eyes: those of ``other`` that are about eyes.
        where: moving parts of each event of ``must``, as the annotators call them.
        marks: the annotators' own rows.
    """

    clip: str
    person: str
    fps: float
    frames: int
    must: np.ndarray = field(default_factory=no_spans)
    free: np.ndarray = field(default_factory=no_spans)
    speech: np.ndarray = field(default_factory=no_spans)
    other: np.ndarray = field(default_factory=no_spans)
    eyes: np.ndarray = field(default_factory=no_spans)
    where: tuple[str, ...] = ()
    marks: pd.DataFrame = field(default_factory=pd.DataFrame)

    def types(self) -> np.ndarray:
        """Return (n,) type of each event of ``must``: ``me`` up to half a second, else ``mae``."""
        return np.where(lengths(self.must) / self.fps <= LONGEST_ME, "me", "mae")

    def expressions(self) -> np.ndarray:
        """Return (n, 2) spans of ``must`` and ``free``."""
        return np.concatenate([self.must, self.free])

    def excused(self) -> np.ndarray:
        """Return (n, 2) spans on which a prediction is no false alarm."""
        return np.concatenate([self.must, self.free, self.other])

    def seconds(self, spans: np.ndarray) -> float:
        """Return the length of the union of spans within the clip, s."""
        return covered((0, self.frames - 1), spans) * self.frames / self.fps


def lengths(spans: np.ndarray) -> np.ndarray:
    """Frames of inclusive spans (n, 2)."""
    return spans[:, 1] - spans[:, 0] + 1.0


def covered(span: tuple[float, float] | np.ndarray, spans: np.ndarray) -> float:
    """Share of the frames of ``span`` that lie on any of ``spans``.

    Args:
        span: onset and offset, inclusive.
        spans: (n, 2) likewise; where they begin or end at half a frame, the whole frame counts.
    """
    frame = np.arange(int(span[1] - span[0] + 1))
    first = np.floor(spans[:, :1] - span[0])  # (n, 1)
    last = np.ceil(spans[:, 1:] - span[0])
    return float(((frame >= first) & (frame <= last)).any(axis=0).mean())


def read_truth(folder: Path) -> dict[str, ClipTruth]:
    """Read the clips that both annotators saw, in the order of ``clips.csv``.

    Raises:
        MespotError: a table or a column that is missing.
    """
    clips = _read(folder / "clips.csv", _CLIPS)
    marks = _read(folder / "annotations.csv", _MARKS)
    for name in ("onset", "offset"):
        marks[name] = pd.to_numeric(marks[name], errors="coerce")
    truth = {}
    for row in clips.itertuples():
        own = marks[marks["clip"] == row.clip]
        if set(own["annotator"]) == set(ANNOTATORS):
            truth[row.clip] = agree(own, row.clip, row.person, float(row.fps), int(row.frames))
    return truth


def agree(marks: pd.DataFrame, clip: str, person: str, fps: float, frames: int) -> ClipTruth:
    """Bring the marks of two annotators on one clip together.

    Args:
        marks: rows of ``annotations.csv`` of this clip.
        clip: name.
        person: who is seen.
        fps: frames per second.
        frames: annotated frames.
    """
    marks = marks.dropna(subset=["onset", "offset"])
    first, second = (
        marks[(marks["annotator"] == name) & (marks["kind"] == "expr")] for name in ANNOTATORS
    )
    a, b = _spans(first), _spans(second)
    iou = iou_matrix(a, b)
    rows, columns = linear_sum_assignment(iou, maximize=True)
    same = iou[rows, columns] >= AGREE
    rows, columns = rows[same], columns[same]
    mean = (a[rows] + b[columns]) / 2.0
    clear = (first["strength"].to_numpy()[rows] == "clear") | (
        second["strength"].to_numpy()[columns] == "clear"
    )
    alone = [np.delete(a, rows, axis=0), np.delete(b, columns, axis=0)]
    where = [
        _parts(first["where"].iloc[i], second["where"].iloc[j])
        for i, j in zip(rows[clear], columns[clear], strict=True)
    ]
    other = marks[marks["kind"] == "other"]
    about = (other["where"].fillna("") + " " + other["note"].fillna("")).str.lower()
    order = np.argsort(mean[clear][:, 0], kind="stable")
    return ClipTruth(
        clip=clip,
        person=person,
        fps=fps,
        frames=frames,
        must=mean[clear][order],
        free=np.concatenate([mean[~clear], *alone]),
        speech=_spans(marks[marks["kind"] == "speech"]),
        other=_spans(other),
        eyes=_spans(other[about.str.contains(_EYES)]),
        where=tuple(where[place] for place in order),
        marks=marks,
    )


def _spans(marks: pd.DataFrame) -> np.ndarray:
    return marks[["onset", "offset"]].to_numpy(dtype=np.float64)


def _parts(*words: object) -> str:
    """Facial parts that any annotator names, each once."""
    text = " ".join(word for word in words if isinstance(word, str))
    return "+".join(dict.fromkeys(text.replace("+", " ").split()))


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise MespotError(f"{path}: no such file")
    table = pd.read_csv(path, dtype=str)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise MespotError(f"{path}: column {missing[0]!r} is missing, found {list(table.columns)}")
    return table
