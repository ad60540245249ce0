"""How to choose among thousands of settings with few subjects: nested F1 of several rules.

Rules: the best F1 alone or pooled with neighbouring settings; a small search space (score curves
with absolute thresholds, as in the first version) or the whole of it. `optimism` is the F1 on the
subjects that the choice saw, averaged over the folds, less the nested one.

    python benchmarks/selection.py casme3           # after `dvc repro` or `mespot grid`
    python benchmarks/selection.py casme3 --loso    # choose on all subjects but one
"""

from __future__ import annotations

import argparse

import numpy as np

from mespot.data.load import read_events, read_videos
from mespot.events import TYPES
from mespot.files import read_json
from mespot.metric import F1Scorer, f1_score
from mespot.params import load_params
from mespot.pipeline.grid import load_slices
from mespot.project import Project
from mespot.selection.space import boxes, pooled_with_neighbours
from mespot.selection.sweep import Sweep


def main() -> None:
    """Print one line per type, space and rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--loso", action="store_true", help="a fold per subject")
    options = parser.parse_args()
    project = Project.find()
    params = load_params(project.params)
    videos = read_videos(project.artifact("index", options.dataset, "videos.csv"))
    events = read_events(project.artifact("index", options.dataset, "events.csv"))
    model = read_json(project.artifact("finetune", options.dataset, "folds.json"))
    names = videos["video"].tolist()
    slices = load_slices(project.artifact("slices", options.dataset), params.slices.lengths, names)
    scorer = F1Scorer(events, names, min_iou=params.report.min_iou)
    narrow = {"strides": (1,), "aggregates": ("weighted",), "scales": ("absolute",)}
    narrow |= {"lows": (1.0,), "suppressions": ()}
    whole = {"whole": {}, "first": narrow, "curves": {"suppressions": ()}}
    whole |= {"absolute": {"scales": ("absolute",)}}
    print(f"{'type':4} {'space':10} {'settings':>8} {'rule':10} {'nested':>7} {'optimism':>8}")
    for kind in TYPES:
        sweep = Sweep(videos, scorer, slices, model["granularities"], kind, params.grid.rate)
        for label, change in whole.items():
            grid = getattr(params.grid, kind).model_copy(update=change)
            space = boxes(model["granularities"], grid, params.slices.step)
            parts = [np.concatenate(list(sweep.counts(box))) for box in space]
            fold = np.array([model["folds"][name] for name in sweep.subjects])
            fold = np.arange(len(fold)) if options.loso else fold
            for rule in ("best", "neighbours"):
                total, seen = np.zeros(3), []
                for k in sorted(set(fold)):
                    pooled = [part[:, fold != k].sum(axis=1) for part in parts]
                    if rule == "neighbours":
                        pooled = [
                            pooled_with_neighbours(one, box)
                            for one, box in zip(pooled, space, strict=True)
                        ]
                    best = int(np.argmax(np.round(f1_score(np.concatenate(pooled)), 9)))
                    counts = np.concatenate(parts)[best]
                    total += counts[fold == k].sum(axis=0)
                    seen.append(float(f1_score(counts[fold != k].sum(axis=0))))
                nested = float(f1_score(total))
                optimism = float(np.mean(seen)) - nested
                size = sum(map(len, space))
                print(f"{kind:4} {label:10} {size:8} {rule:10} {nested:7.3f} {optimism:8.3f}")


if __name__ == "__main__":
    main()
