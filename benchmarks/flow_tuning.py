"""Are the defaults of section ``flow`` the best for embedded faces? Subject-wise cross-validation.

Renders persons of the embedded data as ``flow_accuracy.py`` does, then searches the settings that
decide about intervals, one after the other and twice over, on the persons of the other folds, and
scores what it found on the persons of this fold. The real clips take no part.

    python benchmarks/flow_tuning.py --seeds 400 401 402 403 404 405 --levels planar hard --work DIR
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from rendered import (
    DETECTED,
    KINDS,
    LEVELS,
    Measured,
    RenderedSource,
    f1_of,
    measure_video,
    typed_counts,
    with_interval,
)

from mespot.flow.intervals import choose, trace_bumps
from mespot.params import load_params
from mespot.params.flow import FlowParams

# factors on the default
FACTORS = {
    "threshold": (0.6, 0.8, 1.25, 1.6),
    "least_amplitude": (0.7, 1.35, 1.7),
    "least_speed": (0.6, 1.5),
    "enough_amplitude": (0.7, 1.4),
    "least_departure": (0.7, 1.4),
    "me_seconds": (0.9, 1.1),
    "amplitude_weight": (0.0, 0.5, 1.5),
}
_PASSES = 2


class Scorer:
    """Typed counts per person of a setting; every setting is scored once."""

    def __init__(self, videos: list[Measured], defaults: FlowParams) -> None:
        self._videos = videos
        self._seeds = sorted({video.seed for video in videos})
        lowest = defaults.threshold * min(FACTORS["threshold"])
        tracing = defaults.model_copy(update={"threshold": lowest})
        self._bumps = [trace_bumps(video.signals, tracing) for video in videos]
        self._done: dict[str, np.ndarray] = {}

    def counts(self, params: FlowParams) -> np.ndarray:
        """(persons, 3) tp, fp, fn."""
        key = params.model_dump_json()
        if key not in self._done:
            table = np.zeros((len(self._seeds), 3), dtype=int)
            for video, bumps in zip(self._videos, self._bumps, strict=True):
                found = choose(video.signals, bumps, params)
                found = found[found["score"] >= DETECTED]
                row = self._seeds.index(video.seed)
                table[row] += typed_counts(video.truth, found)["overall"]
            self._done[key] = table
        return self._done[key]


def search(scorer: Scorer, defaults: FlowParams, persons: np.ndarray) -> FlowParams:
    """Return the setting with the highest F1 on ``persons``; the default wins a tie."""
    best = defaults
    for _ in range(_PASSES):
        for name, factors in FACTORS.items():
            tried = [getattr(defaults, name) * factor for factor in (1.0, *factors)]
            options = [best, *(best.model_copy(update={name: value}) for value in tried)]
            scores = [f1_of(scorer.counts(option)[persons].sum(axis=0)) for option in options]
            best = options[int(np.argmax(scores))]
    return best


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(400, 406)))
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=list(LEVELS))
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder that keeps crops and flow between runs")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    params = load_params()
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        videos = [
            measure_video(
                RenderedSource(level, kind, seed), f"{level}_{kind}_{seed}", seed, work, params,
                grey=True,
            )
            for level in arguments.levels for seed in arguments.seeds for kind in KINDS
        ]  # fmt: skip
    scorer = Scorer(videos, params.flow)
    persons = len(set(arguments.seeds))
    out_of_fold = np.zeros((persons, 3), dtype=int)
    for fold in range(arguments.folds):
        scored = np.arange(persons) % arguments.folds == fold
        best = search(scorer, params.flow, ~scored)
        out_of_fold[scored] = scorer.counts(best)[scored]
        changes = {
            name: round(getattr(best, name) / getattr(params.flow, name), 3)
            for name in FACTORS
            if getattr(best, name) != getattr(params.flow, name)
        }
        print(f"fold {fold}: chosen factors on the defaults {changes or 'none'}")
    print(f"{'typed, both types':24s}{'tp':>5s}{'fp':>5s}{'fn':>5s}{'F1':>8s}   (95 % interval)")
    print(f"{'defaults':24s}{with_interval(scorer.counts(params.flow))}")
    print(f"{'searched, out of fold':24s}{with_interval(out_of_fold)}")
    print(f"{'searched on all persons':24s}{_on_all(scorer, params.flow, persons)}   (optimistic)")
    for name, factors in FACTORS.items():
        cells = []
        for factor in sorted({1.0, *factors}):
            value = getattr(params.flow, name) * factor
            one = params.flow.model_copy(update={name: value})
            cells.append(f"{value:.4g}: {f1_of(scorer.counts(one).sum(axis=0)):.3f}")
        print(f"{name:18s}{'   '.join(cells)}")


def _on_all(scorer: Scorer, defaults: FlowParams, persons: int) -> str:
    best = search(scorer, defaults, np.ones(persons, dtype=bool))
    return with_interval(scorer.counts(best))


if __name__ == "__main__":
    main()
