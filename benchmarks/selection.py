"""How to choose among thousands of settings with few subjects: F1 of several rules.

Rules: the highest F1 alone (`best`), or pooled with neighbouring settings (`neighbours`); in a
small search space (score curves with absolute thresholds, as in the first version) or larger ones.

With a data set, nested F1 of its own slice scores; `optimism` is the F1 on the subjects that the
choice saw, averaged over the folds, less the nested one. Without one, slice scores are *simulated*
(no video, no model: noisy scores around known events), settings are chosen on six subjects and
scored on forty new ones, for several seeds: what a choice is worth beyond the subjects at hand.

    python benchmarks/selection.py                  # simulated scores
    python benchmarks/selection.py casme3           # after `dvc repro` or `mespot grid`
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.core.files import read_json
from mespot.core.project import Project
from mespot.metric import F1Scorer, f1_score
from mespot.params import load_params
from mespot.pipeline.grid import load_slices
from mespot.search.model_branch import SliceScores, intervals_of
from mespot.search.space import SearchGrid, pooled_with_neighbours, search_grids
from mespot.search.sweep import Sweep
from mespot.slices.cut import slice_starts
from mespot.tables.load import read_events, read_videos

GRANULARITIES = (0.5, 2.0)
RULES = ("best", "neighbours")


def simulate(seed: int, subjects: int, lengths: Sequence[float]) -> tuple:
    """Videos, events and slice scores: overlap with events, blurred by correlated noise."""
    rng = np.random.default_rng(seed)
    videos, events, slices = [], [], {length: {} for length in lengths}
    for subject in range(subjects):
        shift, gain = 0.5 * rng.normal(size=2), 1.0 + 0.2 * rng.normal()
        for number in range(3):
            name, spans, time = f"{subject:03d}_{number}", [], 1.0 + 2.0 * rng.random()
            videos.append((f"{subject:03d}", name, 30.0, 900))
            while time < 25.0:
                kind = int(rng.random() < 0.6)
                low, high = ((0.16, 0.5), (0.55, 3.8))[kind]
                span = np.exp(rng.uniform(np.log(low), np.log(high)))
                spans.append((time, time + span, kind))
                onset, offset = round(time * 30), round((time + span) * 30) - 1
                events.append((f"{subject:03d}", name, onset, -1, offset, TYPES[kind]))
                time += span + 1.0 + 5.0 * rng.random()
            for length in lengths:
                start = slice_starts(30.0, length, 0.25)
                logit = np.full((len(start), 2, 2), -3.0)
                for onset, offset, kind in spans:
                    shared = np.minimum(offset, start + length) - np.maximum(onset, start)
                    share = shared / min(offset - onset, length)
                    label = np.clip((share - 0.2) / 0.6, 0.0, 1.0)
                    for column, granularity in enumerate(GRANULARITIES):
                        fit = np.exp(-0.3 * abs(np.log(granularity / (0.5, 2.0)[kind])))
                        logit[:, column, kind] += 5.0 * gain * fit * label
                        logit[:, column, 1 - kind] += 1.5 * label
                noise = rng.normal(size=(len(start) + 7, 2, 2))
                noise = sum(noise[i : i + len(start)] for i in range(8)) / np.sqrt(8.0)
                logit += 1.7 * noise + shift
                slices[length][name] = SliceScores(length, start, 1.0 / (1.0 + np.exp(-logit)))
    columns = ["subject", "video", "onset", "apex", "offset", "type"]
    return (
        pd.DataFrame(videos, columns=["subject", "video", "fps", "frames"]),
        pd.DataFrame(events, columns=columns),
        slices,
    )


def spaces(grid) -> dict:
    """The search spaces that are compared."""
    first = {"strides": (1,), "aggregates": ("weighted",), "scales": ("absolute",)}
    first |= {"lows": (1.0,), "suppressions": ()}
    changes = {"first": first, "curves": {"suppressions": ()}}
    changes |= {"absolute": {"scales": ("absolute",)}, "whole": {}}
    return {name: grid.model_copy(update=change) for name, change in changes.items()}


def figures(parts: Sequence[np.ndarray], space: Sequence[SearchGrid], rule: str) -> np.ndarray:
    """What a rule looks at, one figure per setting; parts are the (C, 3) counts of each grid."""
    if rule == "neighbours":
        pairs = zip(parts, space, strict=True)
        parts = [pooled_with_neighbours(one, search_grid) for one, search_grid in pairs]
    return np.round(f1_score(np.concatenate(parts)), 9)


def nested(dataset: str) -> None:
    """Print nested F1 on the slice scores of a data set."""
    project = Project.find()
    params = load_params(project.params)
    videos = read_videos(project.artifact("index", dataset, "videos.csv"))
    events = read_events(project.artifact("index", dataset, "events.csv"))
    model = read_json(project.artifact("finetune", dataset, "folds.json"))
    names = videos["video"].tolist()
    slices = load_slices(project.artifact("slices", dataset), params.slices.lengths, names)
    scorer = F1Scorer(events, names, min_iou=params.report.min_iou)
    print(f"{'type':4} {'space':9} {'settings':>8} {'rule':10} {'nested':>7} {'optimism':>8}")
    for kind in TYPES:
        sweep = Sweep(videos, scorer, slices, model["granularities"], kind, params.grid.rate)
        fold = np.array([model["folds"][name] for name in sweep.subjects])
        for label, grid in spaces(getattr(params.grid, kind)).items():
            space = search_grids(model["granularities"], grid, params.slices.step)
            parts = [np.concatenate(list(sweep.counts(search_grid))) for search_grid in space]
            counts = np.concatenate(parts)
            for rule in RULES:
                total, seen = np.zeros(3), []
                for k in sorted(set(fold)):
                    known = [part[:, fold != k].sum(axis=1) for part in parts]
                    best = int(np.argmax(figures(known, space, rule)))
                    total += counts[best, fold == k].sum(axis=0)
                    seen.append(float(f1_score(counts[best, fold != k].sum(axis=0))))
                f1 = float(f1_score(total))
                size, optimism = len(counts), float(np.mean(seen)) - f1
                print(f"{kind:4} {label:9} {size:8} {rule:10} {f1:7.3f} {optimism:8.3f}")


def simulated(seeds: int) -> None:
    """Print F1 on new subjects of choices made on six, averaged over seeds."""
    params = load_params()
    lengths = params.slices.lengths
    rows = []
    for seed in range(seeds):
        videos, events, slices = simulate(seed, 6, lengths)
        others, truth, unseen = simulate(1000 + seed, 40, lengths)
        scorer = F1Scorer(events, videos["video"].tolist())
        judge = F1Scorer(truth, others["video"].tolist())
        for column, kind in enumerate(TYPES):
            sweep = Sweep(videos, scorer, slices, GRANULARITIES, kind, params.grid.rate)
            for label, grid in spaces(getattr(params.grid, kind)).items():
                space = search_grids(GRANULARITIES, grid, params.slices.step)
                parts = [np.concatenate(list(sweep.counts(search_grid))) for search_grid in space]
                known = [part.sum(axis=1) for part in parts]
                seen = f1_score(np.concatenate(known))
                for rule in RULES:
                    best = int(np.argmax(figures(known, space, rule)))
                    row = best
                    for search_grid in space:
                        if row < len(search_grid):
                            break
                        row -= len(search_grid)
                    setting = search_grid.setting(row)
                    table = intervals_of(
                        others, unseen, GRANULARITIES, kind, [setting] * len(others),
                        params.grid.rate,
                    )  # fmt: skip
                    f1 = float(f1_score(judge.score(table).table[:, column].sum(axis=0)))
                    rows.append((kind, label, len(seen), rule, float(seen[best]), f1))
    columns = ["type", "space", "settings", "rule", "seen", "new"]
    table = pd.DataFrame(rows, columns=columns)
    keys = columns[:4]
    mean = table.groupby(keys, sort=False)[["seen", "new"]].mean()
    mean["optimism"] = mean["seen"] - mean["new"]
    print(f"simulated scores, {seeds} seeds, chosen on 6 subjects, scored on 40 new ones")
    print(mean.round(3).to_string())


def main() -> None:
    """Print one line per type, space and rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?")
    parser.add_argument("--seeds", type=int, default=8, help="of the simulated scores")
    options = parser.parse_args()
    if options.dataset:
        nested(options.dataset)
    else:
        simulated(options.seeds)


if __name__ == "__main__":
    main()
