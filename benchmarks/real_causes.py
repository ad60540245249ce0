"""Why an event is missed or a prediction is false: every error of ``real_scoring`` by cause.

The first cause that applies, in the order of ``MISSES`` and ``ALARMS``, is the error's ``cause``;
further ones that apply as well are in ``also``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from real_scoring import FALSE, PIECE, SPEECH, TOUCHED, Judged
from real_truth import ClipTruth, covered, lengths

from mespot.core.events import iou_matrix

MISSES = {
    "face": "the face was lost or followed with low confidence",
    "merged": "a prediction holds at least half of this event and of another one",
    "pieces": "several predictions lie on it",
    "edges": "one prediction lies on it, with too small an IoU: `detail` says at which end",
    "nothing": "no prediction lies on more than a quarter of it",
}
ALARMS = {
    "piece": "lies on an event, which another one hits or which all of them miss",
    "face": "the face was lost or followed with low confidence",
    "edges": "holds at least half of an expression, but is more than twice as long",
    "valley": "its middle lies between two expressions less than 1 s apart",
    "return": "begins within 0.3 s of the offset of an expression",
    "eyes": "overlaps a blink, or a mark that is about eyes",
    "head": "the head moves faster than 0.5 IOD/s on average",
    "speech": "more than half of it is speech",
    "recording": "a noisy recording or fewer than 24 frames/s",
    "rest": "none of these",
}
RETURN = 0.3  # s
VALLEY = 1.0  # s
SHUT = 0.3  # blink signal, 1 = eyes closed
WHIRL = 0.5  # IOD/s
NOISY = 0.0015  # IOD, see `noise`
_SLOW = 24.0  # frames/s
_LOST, _UNSURE = 0.2, 0.5  # share of frames without a face, mean confidence
_CALM = 0.2  # share of the frames that show the noise
_ENDS = 0.2  # of an event's length, from which an edge is called early or late


@dataclass(frozen=True)
class Recording:
    """What ``mespot spot`` measured in a clip.

    Attributes:
        frames: its ``frames.csv``.
        noise: see ``noise``, IOD.
    """

    frames: pd.DataFrame
    noise: float

    def mean(self, name: str, span: np.ndarray) -> float:
        """Mean of a column over a span of frames."""
        return float(self._part(name, span).mean())

    def highest(self, name: str, span: np.ndarray) -> float:
        """Largest value of a column over a span of frames."""
        return float(self._part(name, span).max())

    def _part(self, name: str, span: np.ndarray) -> np.ndarray:
        values = self.frames[name].to_numpy(dtype=np.float64)
        first = int(np.clip(np.floor(span[0]), 0, len(values) - 1))
        return values[first : max(int(np.ceil(span[1])), first) + 1]

    def lost(self, span: np.ndarray) -> bool:
        """Whether the face was lost or uncertain there."""
        return self.mean("success", span) < 1.0 - _LOST or self.mean("confidence", span) < _UNSURE


def noise(frames: pd.DataFrame) -> float:
    """Noise of the regions' displacement, from the calmest fifth of the frames, IOD.

    Root mean square over all regions of the second difference in time, divided by what white
    noise of SD 1 gives; a face that never rests seems noisier.
    """
    names = [name for name in frames.columns if name.endswith(("_x", "_y"))]
    jolt = np.diff(frames[names].to_numpy(dtype=np.float64), 2, axis=0)  # (N - 2, 2 R)
    level = np.sqrt(2.0 * (jolt**2).mean(axis=1) / 6.0)  # of x and y together
    level = level[(frames["success"].to_numpy()[1:-1] > 0) & (level > 0)]
    return float(np.quantile(level, _CALM)) if len(level) else float("nan")


def errors_of(judged: Judged, recording: Recording | None = None) -> pd.DataFrame:
    """List misses and false alarms of a clip with their causes.

    Args:
        judged: the clip.
        recording: what was measured; without it ``face``, ``head``, ``recording`` and blinks are
            no causes.

    Returns:
        ``clip, person, error`` (miss or false), ``verdict, cause, also, detail, onset, offset,
        onset_s, offset_s, type, score, where``; spans of events for misses, else of predictions.
    """
    truth = judged.truth
    rows = []
    kinds = truth.types()
    for event in judged.missed:
        causes, detail = _why_missed(judged, event, recording)
        span = truth.must[event]
        row = {"error": "miss", "verdict": "miss", **_first(causes, MISSES), "detail": detail}
        where = truth.where[event] if truth.where else ""
        rows.append({**row, **_when(truth, span), "type": kinds[event], "where": where})
    for place in np.flatnonzero(np.isin(judged.verdict, FALSE)):
        span, one = judged.spans[place], judged.predicted.iloc[place]
        causes = _why_false(judged, place, recording)
        row = {"error": "false", "verdict": judged.verdict[place], **_first(causes, ALARMS)}
        rows.append({**row, **_when(truth, span), "type": one["type"], "score": one["score"]})
    columns = "error verdict cause also detail onset offset onset_s offset_s type score where"
    table = pd.DataFrame(rows, columns=columns.split())
    table.insert(0, "clip", truth.clip)
    table.insert(1, "person", truth.person)
    return table


def cause_table(errors: pd.DataFrame) -> pd.DataFrame:
    """Count causes.

    Args:
        errors: rows of ``errors_of`` of any number of clips.

    Returns:
        per error and cause ``errors`` (whose first cause it is), ``share`` of the misses or of the
        false alarms, and ``any`` (for how many it applies at all).
    """
    rows = []
    for error, causes in (("miss", MISSES), ("false", ALARMS)):
        own = errors[errors["error"] == error]
        also = own["also"].fillna("").str.split(";")
        for cause, meaning in causes.items():
            first = int((own["cause"] == cause).sum())
            count = first + sum(cause in names for names in also)
            row = {"error": error, "cause": cause, "errors": first}
            row |= {"share": first / max(len(own), 1), "any": count, "meaning": meaning}
            rows.append(row)
    return pd.DataFrame(rows)


def edge_table(errors: pd.DataFrame) -> pd.DataFrame:
    """Count what is wrong with the edges on the missed events that have a prediction.

    Args:
        errors: rows of ``errors_of`` of any number of clips.

    Returns:
        per cause of a miss the events, and for how many of them the prediction of largest IoU
        begins or ends early or late by more than a fifth of the event, or is more than twice
        (``long``) or less than half (``short``) as long.
    """
    own = errors[(errors["error"] == "miss") & (errors["detail"] != "")]
    words = ("onset early", "onset late", "offset early", "offset late", "long", "short")
    rows = []
    for cause, part in own.groupby("cause", sort=False):
        counts = {word: int(part["detail"].str.contains(word).sum()) for word in words}
        rows.append({"cause": cause, "events": len(part), **counts})
    return pd.DataFrame(rows, columns=["cause", "events", *words])


def _why_missed(
    judged: Judged, event: int, recording: Recording | None
) -> tuple[dict[str, bool], str]:
    must, spans = judged.truth.must, judged.spans
    span = must[event]
    # a prediction lies on the event when it holds a good part of it, or lies inside it
    on_it = np.array(
        [covered(span, one[None]) > TOUCHED or covered(one, span[None]) >= 0.5 for one in spans],
        dtype=bool,
    )
    others = np.delete(must, event, axis=0)
    merged = any(
        covered(span, one[None]) >= 0.5
        and any(covered(other, one[None]) >= 0.5 for other in others)
        for one in spans
    )
    causes = {
        "face": recording is not None and recording.lost(span),
        "merged": merged,
        "pieces": int(on_it.sum()) > 1,
        "edges": int(on_it.sum()) == 1,
        "nothing": not on_it.any(),
    }
    detail = ""
    if on_it.any():
        best = int(np.argmax(np.where(on_it, iou_matrix(span, spans)[0], -1.0)))
        detail = _ends(span, spans[best], judged.truth.fps)
    return causes, detail


def _ends(event: np.ndarray, predicted: np.ndarray, fps: float) -> str:
    """Say what is wrong with the edges of a prediction."""
    size = lengths(event[None])[0]
    words = []
    for name, difference in zip(("onset", "offset"), predicted - event, strict=True):
        if abs(difference) > _ENDS * size:
            side = "late" if difference > 0 else "early"
            words.append(f"{name} {side} {abs(difference) / fps:.2f} s")
    ratio = lengths(predicted[None])[0] / size
    if not 0.5 <= ratio <= 2.0:
        words.append("long" if ratio > 1.0 else "short")
    iou = iou_matrix(event, predicted)[0, 0]
    return "; ".join([*words, f"IoU {iou:.2f}"])


def _why_false(judged: Judged, place: int, recording: Recording | None) -> dict[str, bool]:
    truth, span = judged.truth, judged.spans[place]
    expressions, second = truth.expressions(), truth.fps
    onsets, offsets = expressions[:, 0], expressions[:, 1]
    middle = span.mean()
    before = offsets[offsets < middle].max(initial=-np.inf)
    after = onsets[onsets > middle].min(initial=np.inf)
    inside = covered((middle, middle), expressions) > 0
    causes = {
        "piece": judged.verdict[place] == PIECE,
        "edges": any(covered(one, span[None]) >= 0.5 for one in expressions),
        "valley": not inside and after - before < VALLEY * second,
        "return": bool((np.abs(span[0] - offsets) <= RETURN * second).any()),
        "eyes": covered(span, truth.eyes) > 0,
        "speech": judged.verdict[place] == SPEECH,
        "recording": second < _SLOW,
        "rest": True,
    }
    if recording is not None:
        causes["face"] = recording.lost(span)
        causes["eyes"] |= recording.highest("blink", span) > SHUT
        causes["head"] = recording.mean("head_motion", span) > WHIRL
        causes["recording"] |= recording.noise > NOISY
    return causes


def _first(causes: dict[str, bool], order: dict[str, str]) -> dict[str, str]:
    names = [name for name in order if causes.get(name)]
    also = [name for name in names[1:] if name not in ("rest", "nothing")]
    return {"cause": names[0], "also": ";".join(also)}


def _when(truth: ClipTruth, span: np.ndarray) -> dict[str, float]:
    onset, offset = span
    seconds = {"onset_s": round(onset / truth.fps, 3), "offset_s": round(offset / truth.fps, 3)}
    return {"onset": onset, "offset": offset, **seconds}
