"""Artifacts of a small world of known events, as far as the stages before `grid` write them."""

from __future__ import annotations

import numpy as np

from mespot.core.files import write_csv, write_json, write_npz
from mespot.models.weights import save_description
from tests.flow.plain import plain_signals
from tests.pipeline.conftest import SET, Toy, write_crops
from tests.search.world import FPS, FRAMES, LENGTHS, folds_of, world

SPACE = {
    f"grid__{kind}__{axis}": values
    for kind in ("me", "mae")
    for axis, values in {
        "strides": [1], "aggregates": ["weighted"], "smooth": [0.05], "scales": ["absolute"],
        "thresholds": [0.3, 0.5, 0.7, 0.9], "lows": [1.0], "suppressions": ["hard"],
        "max_iou": [0.2],
    }.items()
} | {"grid__gates": [0.0, 0.5], "slices__step": 0.25}  # fmt: skip


def write_world(toy: Toy, seed: int = 2):
    """Write index, slices, flow and classifiers of a world; returns its folds.

    Scores of fold 1 lie so much higher that folds differ in what is best. The classifiers are bytes
    that nobody reads: searching and fusing only packs them.
    """
    toy.settings(**SPACE)
    videos, events, slices, flow, signals = world(seed)
    folds = folds_of(videos)
    toy.index(videos, events)
    finetune = toy.artifact("finetune", SET)
    for name in ("0.5", "2"):
        save_description(finetune / name, {"model": "m", "input": "motion", "granularity": name})
        for weights in ("fold0", "fold1", "fold2", "all"):
            (finetune / name / f"{weights}.safetensors").write_text(f"{weights} of {name}")
    write_json(
        finetune / "folds.json",
        {"granularities": [0.5, 2.0], "folders": ["0.5", "2"], "folds": folds},
    )
    high = {f"{subject}_1" for subject, fold in folds.items() if fold == 1}
    for length in LENGTHS:
        arrays = {}
        for video, one in slices[length].items():
            arrays[f"{video}/start"] = one.start
            arrays[f"{video}/scores"] = np.minimum(one.scores + 0.35 * (video in high), 1.0)
        write_npz(toy.artifact("slices", SET, f"{length}", "scores.npz"), arrays)
    time = np.arange(FRAMES) / FPS
    for video, one in signals.items():
        plain_signals(
            time, one.regions, displacement=one.displacement.astype(np.float32),
            noise=one.noise.astype(np.float32), strength=one.strength.astype(np.float32),
            head_motion=one.head_motion.astype(np.float32), fps=FPS,
        ).save(toy.artifact("flow", SET, f"{video}.npz"))  # fmt: skip
    middle = (flow["onset"] + flow["offset"]) // 2
    write_csv(toy.artifact("flow", SET, "intervals.csv"), flow.assign(apex=middle, peak_sd=9.0))
    return folds


def write_faces(toy: Toy) -> None:
    """Write the crops that the report cuts its pictures from."""
    for seed, video in enumerate(toy.table("index", SET, "videos.csv")["video"]):
        write_crops(toy.artifact("faces", SET), video, seed, FRAMES, FPS)


def moved_events(toy: Toy, subjects: set[str]) -> None:
    """Replace the truth of some subjects by three short events at the beginning."""
    videos, events = toy.table("index", SET, "videos.csv"), toy.table("index", SET, "events.csv")
    inside = events["subject"].isin(subjects)
    events.loc[inside, ["onset", "apex", "offset"]] = [[3, 4, 8]] * int(inside.sum())
    toy.index(videos, events)
