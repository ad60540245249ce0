"""Rendered videos with known events for the benchmarks: sources, measuring, scoring."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from portraits import Look, Portrait, recorded
from second_renderer import PortraitRenderer

from mespot.core.files import read_npz, write_npz
from mespot.crops.grey_store import SUFFIX, open_crops
from mespot.faces.preprocess import preprocess_video
from mespot.flow.intervals import find_intervals
from mespot.flow.pooling import RegionFlow, pool_video
from mespot.flow.refine import refine
from mespot.flow.signals import FlowSignals
from mespot.metric.bootstrap import draw_weights, f1_interval
from mespot.metric.match import match
from mespot.params import Params
from mespot.spotting.video import flow_sized
from mespot.synth.actions import EXPRESSIONS
from mespot.synth.identity import make_identity
from mespot.synth.render import Renderer, frame_count
from mespot.synth.script import Event, Script, make_script, script_events

LEVELS = ("easy", "planar", "hard")
KINDS = {  # frames per second, seconds, grey, micro-, macro-expressions
    "casme3": (30.0, 30.0, False, 3, 3),
    "samm_lv": (200.0, 10.0, True, 2, 1),
}
DETECTED = 0.5
_SHARES = {"me": (0.08, 0.28), "mae": (0.5, 1.0)}  # of the largest natural strength


class RenderedSource:
    """A rendered video; only the frames that are asked for are drawn.

    Args:
        level: difficulty.
        kind: key of ``KINDS``.
        seed: of person and script.
        neutral: nothing but head motion, blinks, drift and noise happens.
        portrait: drawn by the second renderer; absent: a person of the embedded data.
        look: how the second renderer records.
    """

    def __init__(
        self, level: str, kind: str, seed: int, neutral: bool = False,
        portrait: Portrait | None = None, look: Look | None = None,
    ) -> None:  # fmt: skip
        number = list(KINDS).index(kind)
        self.fps, seconds, self.grey, me, mae = KINDS[kind]
        rng = np.random.default_rng([seed, LEVELS.index(level), number])
        counts = (0, 0) if neutral else (me, mae)
        self.script = make_script(rng, seconds, level, *counts)
        self.codec = "none"
        if portrait is None:
            identity = make_identity(np.random.default_rng([seed, number]))
            self._renderer = Renderer(identity, self.script, 320, self.grey, seed)
        else:
            self.fps, self.codec = look.rates[number], look.codec
            events = tuple(_redrawn(event, rng) for event in self.script.events)
            self.script = dataclasses.replace(self.script, events=events)
            self._renderer = PortraitRenderer(portrait, self.script, look, self.grey, seed)
        self.frames = frame_count(self.script, self.fps)

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (index, frame) of every ``stride``-th frame."""
        wanted = range(0, self.frames, stride)
        frames = ((index, self._renderer.frame(index / self.fps, index)) for index in wanted)
        yield from recorded(frames, self.codec, self.fps / stride)

    def events(self) -> pd.DataFrame:
        """Return the true events, frames inclusive."""
        return script_events(self.script, self.fps)


def _redrawn(event: Event, rng: np.random.Generator) -> Event:
    """Another amplitude, as a share of what the expression can reach."""
    limit = EXPRESSIONS[event.expression].limit
    return dataclasses.replace(event, amplitude=limit * rng.uniform(*_SHARES[event.type]))


@dataclass(frozen=True)
class Measured:
    """A measured video.

    Attributes:
        seed: of the video.
        script: what happens in it.
        truth: its events.
        signals: flow signals.
    """

    seed: int
    script: Script
    truth: pd.DataFrame
    signals: FlowSignals

    def found(self, params: Params) -> pd.DataFrame:
        """Return the intervals of the default operating point."""
        table = find_intervals(self.signals, params.flow)
        return table[table["score"] >= DETECTED]

    def head_speed(self, table: pd.DataFrame) -> np.ndarray:
        """True mean speed of the head (shift, roll, scale, turns) in intervals, IOD/s."""
        fps = self.signals.fps
        time = np.arange(0.0, self.script.seconds, 0.02)
        poses = [self.script.pose(at) for at in time]
        path = np.array([(p.x, p.y, p.roll, np.log(p.scale), p.yaw, p.pitch) for p in poses])
        speed = np.linalg.norm(np.gradient(path, 0.02, axis=0), axis=1)
        spans = zip(table["onset"] / fps, (table["offset"] + 1) / fps, strict=True)
        return np.array([speed[(time >= low) & (time <= high)].mean() for low, high in spans])


def measure_video(
    source: RenderedSource, name: str, seed: int, work: Path, params: Params, grey: bool
) -> Measured:
    """Measure a rendered video; crops and flow that lie in ``work`` already are taken.

    ``grey`` keeps grey crops alone at the size at which flow works, as `mespot spot` without a
    model does; the pipeline keeps colour.
    """
    faces = flow_sized(params) if grey else params.preprocess
    track = preprocess_video(source, name, work, faces, grey=grey, packed=not grey)
    flow = params.flow
    file = work / f"{name}.{flow.flow_iod:g}-{flow.stretch:g}-{flow.overlap:g}.npz"
    if not file.exists():
        reader = open_crops(work / f"{name}{SUFFIX if grey else '.zip'}", track.size)
        pooled = pool_video(reader, track, flow)
        reader.close()
        write_npz(file, dataclasses.asdict(pooled))
    signals = refine(RegionFlow(**read_npz(file)), track, flow)
    return Measured(seed, source.script, source.events(), signals)


def count(truth: pd.DataFrame, found: pd.DataFrame) -> np.ndarray:
    """True positives, false positives and misses of one video, whatever the type."""
    hits = len(hit_pairs(truth, found))
    return np.array([hits, len(found) - hits, len(truth) - hits])


def hit_pairs(truth: pd.DataFrame, found: pd.DataFrame) -> np.ndarray:
    """Rows (k, 2) of events and of intervals that hit them (MEGC: IoU >= 0.5, one-to-one)."""
    if not len(truth) or not len(found):
        return np.zeros((0, 2), dtype=np.int64)
    spans = [table[["onset", "offset"]].to_numpy() for table in (truth, found)]
    return match(*spans)


def typed_counts(truth: pd.DataFrame, found: pd.DataFrame) -> dict[str, np.ndarray]:
    """Counts of ``me``, ``mae`` and both."""
    counts = {
        kind: count(truth[truth["type"] == kind], found[found["type"] == kind])
        for kind in ("me", "mae")
    }
    return counts | {"overall": counts["me"] + counts["mae"]}


def f1_of(counts: np.ndarray) -> float:
    """F1 of (tp, fp, fn)."""
    return float(2 * counts[0] / max(2 * counts[0] + counts[1] + counts[2], 1))


def with_interval(by_seed: np.ndarray) -> str:
    """One line: counts, F1 and its 95 % interval over seeds, from (seeds, 3) counts."""
    hit, false, missed = by_seed.sum(axis=0)
    weights = draw_weights(len(by_seed), 1000, np.random.default_rng(0))
    interval = f1_interval(by_seed, weights)
    return (
        f"{hit:5d}{false:5d}{missed:5d}{f1_of(by_seed.sum(axis=0)):8.3f}"
        f"   ({interval.low:.3f}-{interval.high:.3f})"
    )
