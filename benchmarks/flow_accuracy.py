"""Typed F1 of the flow branch on rendered faces, by difficulty and type.

Renders videos, aligns the faces, measures flow and finds intervals with the settings of
``params.yaml``, then scores them with the MEGC rule (IoU >= 0.5, one-to-one, counts pooled).
Crops are kept in ``--work``, so that a second run only repeats flow and intervals.

    python benchmarks/flow_accuracy.py --seeds 100 101 102 --levels easy planar hard
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from mespot.faces.grey_store import SUFFIX
from mespot.faces.preprocess import preprocess_video
from mespot.flow.spot import flow_video
from mespot.metric.match import match
from mespot.params import Params, load_params
from mespot.spot_video import flow_sized
from mespot.synth.identity import make_identity
from mespot.synth.render import Renderer, frame_count
from mespot.synth.script import make_script, script_events

LEVELS = ("easy", "planar", "hard")
KINDS = {  # frames per second, seconds, grey, micro-, macro-expressions
    "casme3": (30.0, 30.0, False, 3, 3),
    "samm_lv": (200.0, 10.0, True, 2, 1),
}


class RenderedSource:
    """A rendered video; only the frames that are asked for are drawn."""

    def __init__(self, level: str, kind: str, seed: int) -> None:
        self.fps, seconds, self.grey, me, mae = KINDS[kind]
        rng = np.random.default_rng([seed, LEVELS.index(level), list(KINDS).index(kind)])
        self.script = make_script(rng, seconds, level, me, mae)
        identity = make_identity(np.random.default_rng([seed, list(KINDS).index(kind)]))
        self._renderer = Renderer(identity, self.script, 320, self.grey, seed)
        self.frames = frame_count(self.script, self.fps)

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (index, frame) of every ``stride``-th frame."""
        for index in range(0, self.frames, stride):
            yield index, self._renderer.frame(index / self.fps, index)


def measure_video(
    level: str, kind: str, seed: int, work: Path, params: Params, grey: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return truth and found intervals (score >= 0.5) of one rendered video.

    ``grey`` keeps grey crops alone at the size at which flow works, as `mespot spot` without a
    model does; the pipeline keeps colour.
    """
    name = f"{level}_{kind}_{seed}"
    source = RenderedSource(level, kind, seed)
    faces = flow_sized(params) if grey else params.preprocess
    preprocess_video(source, name, work, faces, grey=grey, packed=not grey)
    crops = work / f"{name}{SUFFIX if grey else '.zip'}"
    found = flow_video(crops, work / f"{name}.npz", work / f"{name}.flow.npz", params.flow)
    return script_events(source.script, source.fps), found[found["score"] >= 0.5]


def count(truth: pd.DataFrame, found: pd.DataFrame) -> np.ndarray:
    """True positives, false positives and misses of one video."""
    spans = [table[["onset", "offset"]].to_numpy().reshape(-1, 2) for table in (truth, found)]
    hits = len(match(*spans)) if len(truth) and len(found) else 0
    return np.array([hits, len(found) - hits, len(truth) - hits])


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 101, 102])
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=list(LEVELS))
    parser.add_argument("--work", type=Path, help="folder that keeps crops between runs")
    parser.add_argument("--grey", action="store_true", help="grey crops, as `mespot spot` makes")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    params = load_params()
    print(f"{'level':8s}{'type':10s}{'tp':>5s}{'fp':>5s}{'fn':>5s}{'F1':>8s}")
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or Path(scratch)
        for level in arguments.levels:
            rows = {name: np.zeros(3, dtype=int) for name in ("me", "mae", "overall", "untyped")}
            for seed in arguments.seeds:
                for kind in KINDS:
                    truth, found = measure_video(level, kind, seed, work, params, arguments.grey)
                    for name in ("me", "mae"):
                        own = count(truth[truth["type"] == name], found[found["type"] == name])
                        rows[name] += own
                        rows["overall"] += own
                    rows["untyped"] += count(truth, found)
            for name, (hit, false, missed) in rows.items():
                f1 = 2 * hit / max(2 * hit + false + missed, 1)
                print(f"{level:8s}{name:10s}{hit:5d}{false:5d}{missed:5d}{f1:8.3f}")


if __name__ == "__main__":
    main()
