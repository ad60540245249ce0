"""Which expressions are grafted onto a clip, and when: seeded, where the clip itself does nothing.

Times are seconds, lengths fractions of the inter-ocular distance (IOD).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mespot.crops.track import FaceTrack
from mespot.synth.actions import EXPRESSIONS
from mespot.synth.motion import Envelope, visible_envelope
from mespot.synth.script import Event

MARGIN = 0.5  # s kept free around whatever happens in the clip itself
EVERY = 3.5  # s of free time per graft
APART, CLOSE, CLOSE_SHARE = 0.7, 0.25, 0.15  # s between grafts; a few follow sooner
ME_SHARE = 0.6
ME_SECONDS, ME_AMPLITUDE = (0.15, 0.5), (0.007, 0.04)
MAE_SECONDS, MAE_AMPLITUDE = (0.6, 4.0), (0.03, 0.15)
RISE = (0.18, 0.84)  # share of an ME before its apex, as in annotated data sets
ON_HOLD = 0.7  # share of the MaE with room for it that get an ME on top
OPEN = 0.5  # share of the first or last grafts of a clip that begin before or end after it
BEFORE = 0.1  # s of the hold that such a graft leaves outside the clip
VISIBLE = 0.5  # s of it in the clip at least
COLUMNS = (
    *("onset", "apex", "offset", "type", "amplitude_iod", "duration_s", "expression", "side"),
    *("ground", "placed"),
)


@dataclass(frozen=True)
class Own:
    """What happens in a clip itself.

    Attributes:
        left_alone: (n, 2) frames, inclusive: expressions of any strength that either annotator
            marked, and disturbances (kind ``other``).
        speech: (m, 2) frames, inclusive, of either annotator.
    """

    left_alone: np.ndarray
    speech: np.ndarray


@dataclass(frozen=True)
class Graft:
    """An expression and how it lies.

    Attributes:
        event: what is grafted; its onset may lie before the clip, its offset after it.
        placed: ``alone``, ``on_hold`` (of a macro-expression), ``from_start`` (it is there when
            the clip begins) or ``to_end`` (it stays).
    """

    event: Event
    placed: str


def own_events(annotations: pd.DataFrame, clip: str) -> Own:
    """Return what annotators found in a clip; ``annotations`` has their columns."""
    rows = annotations[annotations["clip"] == clip]
    spans = {kind: part[["onset", "offset"]].to_numpy(float) for kind, part in rows.groupby("kind")}
    none = np.zeros((0, 2))
    moved = [spans.get(kind, none) for kind in ("expr", "other")]
    return Own(np.concatenate(moved), spans.get("speech", none))


def covered(frames: int, spans: np.ndarray) -> np.ndarray:
    """(frames,) bool: which frames lie in inclusive spans (n, 2)."""
    on = np.zeros(frames, dtype=bool)
    for first, last in spans:
        on[max(math.floor(first), 0) : max(math.ceil(last) + 1, 0)] = True
    return on


def free_stretches(track: FaceTrack, own: Own) -> list[tuple[float, float]]:
    """Stretches (begin, end) in which a face is seen and nothing is marked, s."""
    margin = MARGIN * track.fps
    busy = covered(track.frames, own.left_alone + np.array([-margin, margin]))
    seen = np.interp(np.arange(track.frames), track.frame, track.success) > 0.99
    free = np.concatenate([[False], ~busy & seen, [False]])
    edges = np.flatnonzero(free[1:] != free[:-1]).reshape(-1, 2)
    return [(first / track.fps, last / track.fps) for first, last in edges]


def draw_grafts(
    rng: np.random.Generator, stretches: Sequence[tuple[float, float]], seconds: float, fps: float
) -> list[Graft]:
    """Draw what is grafted.

    Args:
        rng: source of randomness; the same state gives the same grafts.
        stretches: where there is room, from ``free_stretches``.
        seconds: length of the clip.
        fps: its frames per second; apices fall on frames.
    """
    grafts: list[Graft] = []
    for begin, end in stretches:
        wanted = int((end - begin) / EVERY + rng.random())
        types = ["me" if rng.random() < ME_SHARE else "mae" for _ in range(wanted)]
        lengths = [_log_uniform(rng, *(ME_SECONDS if t == "me" else MAE_SECONDS)) for t in types]
        gaps = [CLOSE if rng.random() < CLOSE_SHARE else APART for _ in types]
        while types and sum(lengths) + sum(gaps[1:]) > end - begin - 2 / fps:
            gone = int(np.argmax(lengths))
            del types[gone], lengths[gone], gaps[gone]
        if not types:
            continue
        gaps[0] = 0.0
        slack = end - begin - 2 / fps - sum(lengths) - sum(gaps)
        spare = slack * rng.dirichlet(np.full(len(types) + 1, 1.2))
        time = begin + 1 / fps
        for kind, length, gap, more in zip(types, lengths, gaps, spare, strict=False):
            time += gap + more
            grafts.append(Graft(_draw(rng, kind, time, length, fps), "alone"))
            time += length
    grafts = _opened(rng, grafts, stretches, seconds)
    return sorted(grafts + _on_holds(rng, grafts, fps), key=lambda graft: graft.event.onset)


def truth_of(grafts: Sequence[Graft], own: Own, frames: int, fps: float) -> pd.DataFrame:
    """Return the grafts as a table.

    Returns:
        ``onset, apex, offset`` (0-based inclusive frames), ``type``, ``amplitude_iod`` (largest
        displacement at the peak), ``duration_s`` (visible in the clip), ``expression``, ``side``,
        ``ground`` (``speech`` where more than half of it lies on speech, else ``rest``),
        ``placed`` (see ``Graft``).
    """
    talks = covered(frames, own.speech)
    rows = []
    for graft in grafts:
        event = graft.event
        first, last = max(event.onset, 0.0), min(event.offset, (frames - 1) / fps)
        onset, offset = math.ceil(first * fps - 1e-6), math.floor(last * fps + 1e-6)
        apex = min(max(round(event.apex * fps), onset), offset)
        ground = "speech" if talks[onset : offset + 1].mean() > 0.5 else "rest"
        rows.append(
            (onset, apex, offset, event.type, event.amplitude, last - first, event.expression,
             event.side, ground, graft.placed)
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = dict.fromkeys(["onset", "apex", "offset"], np.int64)
    return table.astype(whole | dict.fromkeys(["amplitude_iod", "duration_s"], np.float64))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _draw(rng: np.random.Generator, kind: str, onset: float, length: float, fps: float) -> Event:
    low, high = ME_AMPLITUDE if kind == "me" else MAE_AMPLITUDE
    name = list(EXPRESSIONS)[int(rng.integers(len(EXPRESSIONS)))]
    amplitude = _log_uniform(rng, low, min(high, EXPRESSIONS[name].limit))
    side = "both"
    if EXPRESSIONS[name].one_sided and rng.random() < 0.4:
        side = "left" if rng.random() < 0.5 else "right"
    if kind == "me":
        hold = rng.uniform(0.0, 0.15)
        rise = np.clip(rng.uniform(*RISE) - hold / 2, 0.1, 0.9 - hold)
    else:
        rise, hold, _ = rng.dirichlet([3.0, 4.0, 4.0]) * 0.79 + 0.07
    shares = np.array([rise, hold, 1.0 - rise - hold]) * length
    # the peak falls on a frame, so that the amplitude is reached in one
    top = round((onset + shares[0]) * fps) / fps
    return Event(kind, name, side, amplitude, visible_envelope(top - shares[0], *shares))


def _opened(
    rng: np.random.Generator,
    grafts: list[Graft],
    stretches: Sequence[tuple[float, float]],
    seconds: float,
) -> list[Graft]:
    """Some macro-expressions that are there when the clip begins, or stay to its end."""
    grafts = list(grafts)
    for at, stretch in ((0, 0), (-1, -1)):
        if not grafts or grafts[at].event.type != "mae" or grafts[at].placed != "alone":
            continue
        (begin, end), envelope = stretches[stretch], grafts[at].event.envelope
        if not begin <= grafts[at].event.apex <= end or rng.random() > OPEN:
            continue
        if at == 0 and begin <= 0 and envelope.offset - envelope.top - BEFORE > VISIBLE:
            grafts[at] = _shifted(grafts[at], -envelope.top - BEFORE, "from_start")
        elif at and end >= seconds and envelope.release - envelope.onset - BEFORE > VISIBLE:
            late = seconds - envelope.release + BEFORE
            grafts[at] = _shifted(grafts[at], max(late, 0.0), "to_end")
    return grafts


def _shifted(graft: Graft, by: float, placed: str) -> Graft:
    times = (getattr(graft.event.envelope, field.name) for field in dataclasses.fields(Envelope))
    envelope = Envelope(*(time + by for time in times))
    return Graft(dataclasses.replace(graft.event, envelope=envelope), placed)


def _on_holds(rng: np.random.Generator, grafts: Sequence[Graft], fps: float) -> list[Graft]:
    found = []
    for graft in grafts:
        if graft.event.type != "mae" or graft.placed != "alone":
            continue
        envelope = graft.event.envelope
        length = _log_uniform(rng, *ME_SECONDS)
        room = envelope.release - envelope.top - length - 0.1
        if room > 0 and rng.random() < ON_HOLD:
            onset = envelope.top + 0.05 + rng.uniform(0.0, room)
            found.append(Graft(_draw(rng, "me", onset, length, fps), "on_hold"))
    return found
