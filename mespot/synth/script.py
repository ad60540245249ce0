"""What happens in one video, as a function of continuous time (seconds).

A script is drawn independently of frame rate and size, so that one script can be rendered at
25, 30, 60, 100 or 200 frames per second. Lengths are fractions of the inter-ocular distance (IOD).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mespot.synth.actions import EXPRESSIONS
from mespot.synth.difficulty import DIFFICULTIES
from mespot.synth.motion import Envelope, Wander, make_wander, visible_envelope

ME_SECONDS = (0.16, 0.5)  # shortest and longest, onset to offset
MAE_SECONDS = (0.55, 3.8)  # likewise
ME_AMPLITUDE = (0.008, 0.04)  # IOD, smallest and largest
MAE_AMPLITUDE = (0.06, 0.18)  # likewise


@dataclass(frozen=True)
class Event:
    """One expression.

    Attributes:
        type: ``me`` or ``mae``.
        expression: key of ``EXPRESSIONS``.
        side: ``both``, ``left`` or ``right`` half as seen in the picture.
        amplitude: largest displacement at the peak, IOD.
        envelope: strength over time.
    """

    type: str
    expression: str
    side: str
    amplitude: float
    envelope: Envelope

    @property
    def onset(self) -> float:
        """First visible movement, s."""
        return self.envelope.onset

    @property
    def apex(self) -> float:
        """Middle of the peak, s."""
        return 0.5 * (self.envelope.top + self.envelope.release)

    @property
    def offset(self) -> float:
        """Last visible movement, s."""
        return self.envelope.offset


@dataclass(frozen=True)
class Nod:
    """A quick head movement there and back: ``move`` (x, y) in IOD times the envelope."""

    envelope: Envelope
    move: tuple[float, float]


@dataclass(frozen=True)
class Drift:
    """Slow facial movement that no annotator labels."""

    expression: str
    wander: Wander


@dataclass(frozen=True)
class Pose:
    """Head pose at one moment: shift in IOD, angles in radians, scale as a factor."""

    x: float
    y: float
    roll: float
    scale: float
    yaw: float
    pitch: float


@dataclass(frozen=True)
class Script:
    """Everything that happens in one video; see the module text for the units."""

    seconds: float
    difficulty: str
    events: tuple[Event, ...]
    blinks: tuple[Envelope, ...]
    nods: tuple[Nod, ...]
    drifts: tuple[Drift, ...]
    wander: dict[str, Wander]

    def pose(self, time: float) -> Pose:
        """Return the head pose at ``time`` seconds."""
        value = {name: wander.at(time) for name, wander in self.wander.items()}
        strength = [(nod.envelope.at(time), nod.move) for nod in self.nods]
        return Pose(
            x=value["x"] + sum(s * move[0] for s, move in strength),
            y=value["y"] + sum(s * move[1] for s, move in strength),
            roll=value["roll"],
            scale=math.exp(value["scale"]),
            yaw=value["yaw"],
            pitch=value["pitch"],
        )

    def lid(self, time: float) -> float:
        """Return how far the upper lids are closed at ``time`` seconds, 0 (open) to 1."""
        return max((blink.at(time) for blink in self.blinks), default=0.0)


def make_script(
    rng: np.random.Generator, seconds: float, difficulty: str, me: int, mae: int
) -> Script:
    """Draw a script.

    Args:
        rng: source of randomness; the same state gives the same script.
        seconds: length of the video.
        difficulty: key of ``DIFFICULTIES``.
        me: number of micro-expressions wanted.
        mae: number of macro-expressions wanted; fewer events come out when the video is short,
            since at least 40 % of it stays neutral.
    """
    level = DIFFICULTIES[difficulty]
    events = _draw_events(rng, seconds, me, mae)
    wander = {
        "x": make_wander(rng, level.shift, 0.05, 0.5),
        "y": make_wander(rng, level.shift, 0.05, 0.5),
        "roll": make_wander(rng, math.radians(level.roll), 0.05, 0.4),
        "scale": make_wander(rng, level.scale, 0.04, 0.3),
        "yaw": make_wander(rng, math.radians(level.turn), 0.06, 0.4),
        "pitch": make_wander(rng, math.radians(level.turn), 0.06, 0.4),
        "light": make_wander(rng, level.light, 0.03, 0.3),
        "light_x": make_wander(rng, level.light, 0.03, 0.2),
        "light_y": make_wander(rng, level.light, 0.03, 0.2),
        "blur": make_wander(rng, level.blur, 0.1, 0.5),
    }
    names = list(EXPRESSIONS)
    drifts = tuple(
        Drift(names[int(rng.integers(len(names)))], make_wander(rng, level.drift, 0.03, 0.12))
        for _ in range(3 if level.drift else 0)
    )
    return Script(
        seconds=seconds,
        difficulty=difficulty,
        events=events,
        blinks=_draw_blinks(rng, seconds, events),
        nods=_draw_nods(rng, seconds, level.nod_every, level.nod),
        drifts=drifts,
        wander=wander,
    )


def script_events(script: Script, fps: float) -> pd.DataFrame:
    """Return the events in frames at a frame rate.

    Frame ``i`` shows the time ``i / fps``. Onset is the first frame with visible movement, offset
    the last one; both are 0-based and inclusive.

    Returns:
        Columns ``onset, apex, offset, type, expression, side, amplitude, units, emotion``.
    """
    rows = []
    for event in script.events:
        onset = math.ceil(event.onset * fps - 1e-9)
        offset = max(math.floor(event.offset * fps + 1e-9), onset)
        apex = min(max(round(event.apex * fps), onset), offset)
        kind = EXPRESSIONS[event.expression]
        rows.append(
            (onset, apex, offset, event.type, event.expression, event.side, event.amplitude,
             kind.units, kind.emotion)
        )  # fmt: skip
    columns = ["onset", "apex", "offset", "type", "expression", "side", "amplitude", "units"]
    return pd.DataFrame(rows, columns=[*columns, "emotion"])


def _draw_events(rng: np.random.Generator, seconds: float, me: int, mae: int) -> tuple[Event, ...]:
    types = ["me"] * me + ["mae"] * mae
    rng.shuffle(types)
    lengths = [_length(rng, kind) for kind in types]
    while types and sum(lengths) + 0.6 * (len(types) - 1) > 0.6 * seconds:
        longest = int(np.argmax(lengths))
        shorter = _length(rng, types[longest])
        if shorter < 0.8 * lengths[longest]:
            lengths[longest] = shorter
        else:
            del types[longest], lengths[longest]
    # neighbours are 0.25 s apart at least; the rest of the time is spread unevenly, so that
    # some events nearly touch while long stretches stay neutral
    least = np.full(len(types) + 1, 0.25)
    slack = seconds - sum(lengths) - least.sum()
    gaps = least + slack * rng.dirichlet(np.full(len(types) + 1, 1.2))
    events, time = [], 0.0
    for kind, length, gap in zip(types, lengths, gaps, strict=False):
        time += gap
        events.append(_draw_event(rng, kind, time, length))
        time += length
    return tuple(events)


def _length(rng: np.random.Generator, kind: str) -> float:
    low, high = ME_SECONDS if kind == "me" else MAE_SECONDS
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _draw_event(rng: np.random.Generator, kind: str, onset: float, length: float) -> Event:
    least = ME_AMPLITUDE[1] if kind == "me" else MAE_AMPLITUDE[0]
    names = [name for name, item in EXPRESSIONS.items() if item.limit > least]
    name = names[int(rng.integers(len(names)))]
    low, high = ME_AMPLITUDE if kind == "me" else MAE_AMPLITUDE
    amplitude = float(np.exp(rng.uniform(np.log(low), np.log(min(high, EXPRESSIONS[name].limit)))))
    side = "both"
    if EXPRESSIONS[name].one_sided and rng.random() < 0.4:
        side = "left" if rng.random() < 0.5 else "right"
    rise, hold, fall = rng.dirichlet([6.0, 3.0, 7.0]) * 0.7 + 0.1
    shares = np.array([rise, hold, fall])
    rise, hold, fall = shares / shares.sum() * length
    return Event(kind, name, side, amplitude, visible_envelope(onset, rise, hold, fall))


def _draw_blinks(
    rng: np.random.Generator, seconds: float, events: tuple[Event, ...]
) -> tuple[Envelope, ...]:
    starts = []
    time = rng.uniform(0.3, 3.0)
    while time < seconds:
        starts.append(time)
        time += rng.uniform(2.0, 6.0)
    # blinks like to go with expressions; the spotter must not live from their absence
    for event in events:
        if rng.random() < 0.25:
            starts.append(max(event.onset + rng.uniform(-0.3, 0.2), 0.0))
    blinks: list[Envelope] = []
    for start in sorted(starts):
        if blinks and start < blinks[-1].end + 0.3:
            continue
        length = rng.uniform(0.16, 0.4)
        close, hold = 0.32 * length, rng.uniform(0.05, 0.2) * length
        blinks.append(Envelope(start, start + close, start + close + hold, start + length))
    return tuple(blinks)


def _draw_nods(
    rng: np.random.Generator, seconds: float, every: float, size: float
) -> tuple[Nod, ...]:
    nods = []
    time = rng.uniform(0.0, every)
    while time < seconds:
        rise, fall = rng.uniform(0.15, 0.45, 2)
        angle = rng.normal(0.0, 0.5) + (math.pi / 2 if rng.random() < 0.7 else -math.pi / 2)
        length = size * rng.uniform(0.5, 1.3)
        envelope = Envelope(time, time + rise, time + rise, time + rise + fall)
        nods.append(Nod(envelope, (length * math.cos(angle), length * math.sin(angle))))
        time += rng.uniform(0.5, 1.5) * every
    return tuple(nods)
