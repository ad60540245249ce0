"""Speed of the slice-length search beside trying one setting after the other.

Both count the hits of the same settings on the slice scores of a data set: the search as the
stage `grid` runs it, and, on a random sample of the settings, one setting at a time, video by
video, with a table of intervals that the scorer then reads. Their counts have to be equal.

    python benchmarks/search.py casme3              # after `dvc repro` or `mespot grid`
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from mespot.core.events import TYPES
from mespot.core.files import read_json
from mespot.core.project import Project
from mespot.metric import F1Scorer
from mespot.params import load_params
from mespot.pipeline.grid import load_slices
from mespot.search.model_branch import intervals_of
from mespot.search.space import search_grids
from mespot.search.sweep import Sweep
from mespot.tables.load import read_events, read_videos


def main() -> None:
    """Print settings per minute of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--sample", type=int, default=60, help="settings tried one by one")
    options = parser.parse_args()
    project = Project.find()
    params = load_params(project.params)
    videos = read_videos(project.artifact("index", options.dataset, "videos.csv"))
    events = read_events(project.artifact("index", options.dataset, "events.csv"))
    model = read_json(project.artifact("finetune", options.dataset, "folds.json"))
    names = videos["video"].tolist()
    folder = project.artifact("slices", options.dataset)
    slices = load_slices(folder, params.slices.lengths, names)
    scorer = F1Scorer(events, names, min_iou=params.report.min_iou)
    tried, spent, single, alone = 0, 0.0, 0, 0.0
    rng = np.random.default_rng(0)
    for column, kind in enumerate(TYPES):
        sweep = Sweep(videos, scorer, slices, model["granularities"], kind, params.grid.rate)
        for search_grid in search_grids(
            model["granularities"], getattr(params.grid, kind), params.slices.step
        ):
            begin = time.perf_counter()
            counts = np.concatenate(list(sweep.counts(search_grid)))
            spent += time.perf_counter() - begin
            tried += len(search_grid)
            for index in rng.choice(
                len(search_grid), min(len(search_grid), options.sample // 4), replace=False
            ):
                begin = time.perf_counter()
                setting = search_grid.setting(int(index))
                table = intervals_of(
                    videos, slices, model["granularities"], kind, [setting] * len(videos),
                    params.grid.rate,
                )  # fmt: skip
                expected = scorer.score(table).table[:, column].sum(axis=0)
                alone += time.perf_counter() - begin
                single += 1
                if not np.array_equal(counts[index].sum(axis=0), expected):
                    raise SystemExit(f"{setting}: {counts[index].sum(axis=0)}, not {expected}")
    minutes = (videos["frames"] / videos["fps"]).sum() / 60.0
    print(f"{options.dataset}: {len(videos)} videos, {minutes:.1f} minutes, {tried} settings")
    print(f"search      {60.0 * tried / spent:10,.0f} settings a minute ({spent:.1f} s)")
    print(f"one by one  {60.0 * single / alone:10,.0f} settings a minute ({single} of them)")
    print(f"ratio       {tried / spent / (single / alone):10.1f}")


if __name__ == "__main__":
    main()
