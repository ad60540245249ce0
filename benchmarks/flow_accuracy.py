"""Typed F1 of the flow branch on rendered faces, by difficulty, type and head motion.

Renders videos, aligns the faces, measures flow and finds intervals with the settings of
``params.yaml``, then scores them with the MEGC rule (IoU >= 0.5, one-to-one, counts pooled).
Intervals (95 %) come from draws over seeds, each of which is a person. Crops are kept in
``--work``, so that a second run only repeats flow and intervals.

    python benchmarks/flow_accuracy.py --seeds 201 202 203
    python benchmarks/flow_accuracy.py --seeds 201 202 203 --neutral    # false alarms
    python benchmarks/flow_accuracy.py --portraits DIR --variants plain h264

With ``--portraits`` a second renderer draws the pictures of that folder in turn (one face each,
frontal, at least 50 px between the eyes), recorded as the variants of ``portraits.py`` say.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from portraits import VARIANTS, Portrait, load_portraits
from rendered import (
    KINDS,
    LEVELS,
    Measured,
    RenderedSource,
    count,
    hit_pairs,
    measure_video,
    typed_counts,
    with_interval,
)

from mespot.params import Params, load_params

__all__ = ["RenderedSource"]
_HEADER = f"{'level':8s}{'what':12s}{'tp':>5s}{'fp':>5s}{'fn':>5s}{'F1':>8s}   (95 % interval)"


def measure_level(
    level: str, arguments: argparse.Namespace, work: Path, params: Params,
    portraits: list[Portrait], variant: str,
) -> list[Measured]:  # fmt: skip
    """Measure all seeds and both kinds of video at one level."""
    measured = []
    for seed in arguments.seeds:
        for kind in KINDS:
            portrait = portraits[seed % len(portraits)] if portraits else None
            source = RenderedSource(
                level, kind, seed, arguments.neutral, portrait, VARIANTS[variant]
            )
            name = f"{level}_{kind}_{seed}" + "_neutral" * arguments.neutral
            name += f"_{variant}" if portraits else ""
            measured.append(measure_video(source, name, seed, work, params, arguments.grey))
    return measured


def print_types(level: str, videos: list[Measured], params: Params) -> None:
    """F1 by type, and of both types whatever they are called."""
    rows: dict[str, dict[int, np.ndarray]] = {}
    for video in videos:
        found = video.found(params)
        counts = typed_counts(video.truth, found) | {"untyped": count(video.truth, found)}
        for name, own in counts.items():
            by_seed = rows.setdefault(name, {})
            by_seed[video.seed] = by_seed.get(video.seed, 0) + own
    for name, by_seed in rows.items():
        print(f"{level:8s}{name:12s}{with_interval(np.stack(list(by_seed.values())))}")


def print_quartiles(level: str, videos: list[Measured], params: Params) -> None:
    """Typed F1 by the speed of the head during events and false alarms."""
    parts = []
    for video in videos:
        table = video.found(params)
        for kind in ("me", "mae"):
            truth, found = (part[part["type"] == kind] for part in (video.truth, table))
            pairs = hit_pairs(truth, found)
            wrong = np.delete(np.arange(len(found)), pairs[:, 1])
            hit = np.isin(np.arange(len(truth)), pairs[:, 0])
            parts.append((video.seed, video.head_speed(truth), hit, video.head_speed(
                found.iloc[wrong])))  # fmt: skip
    borders = np.quantile(np.concatenate([speed for _, speed, _, _ in parts]), [0.25, 0.5, 0.75])
    for quarter in range(4):
        by_seed: dict[int, np.ndarray] = {}
        for seed, speed, hit, wrong in parts:
            own = np.searchsorted(borders, speed, side="right") == quarter
            false = (np.searchsorted(borders, wrong, side="right") == quarter).sum()
            counts = np.array([(hit & own).sum(), false, (~hit & own).sum()])
            by_seed[seed] = by_seed.get(seed, 0) + counts
        lowest, highest = (0.0, *borders)[quarter], (*borders, np.inf)[quarter]
        line = with_interval(np.stack(list(by_seed.values())))
        print(f"{level:8s}quartile {quarter + 1}  {line}   head {lowest:.3f}-{highest:.3f} IOD/s")


def print_alarms(level: str, videos: list[Measured], params: Params) -> None:
    """False alarms per minute on faces that show no expression."""
    minutes = sum(video.script.seconds for video in videos) / 60.0
    types = [kind for video in videos for kind in video.found(params)["type"]]
    rates = "".join(f"{kind} {types.count(kind) / minutes:.2f}   " for kind in ("me", "mae"))
    print(f"{level:8s}{minutes:6.1f} min   false alarms per minute: {rates}all "
          f"{len(types) / minutes:.2f}")  # fmt: skip


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 101, 102])
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=list(LEVELS))
    parser.add_argument("--work", type=Path, help="folder that keeps crops between runs")
    parser.add_argument("--grey", action="store_true", help="grey crops, as `mespot spot` makes")
    parser.add_argument("--neutral", action="store_true", help="faces without expressions")
    parser.add_argument("--portraits", type=Path, help="folder of pictures for other persons")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=["plain"])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    params = load_params()
    portraits = load_portraits(arguments.portraits) if arguments.portraits else []
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        for variant in arguments.variants if portraits else ["plain"]:
            if portraits:
                print(f"{len(portraits)} portraits, variant {variant}")
            if not arguments.neutral:
                print(_HEADER)
            for level in arguments.levels:
                videos = measure_level(level, arguments, work, params, portraits, variant)
                if arguments.neutral:
                    print_alarms(level, videos, params)
                else:
                    print_types(level, videos, params)
                    print_quartiles(level, videos, params)


if __name__ == "__main__":
    main()
