"""How far the model branch alone gets, out-of-fold: frame-wise AUC and F1 by type.

Trains the classifiers of every fold on the crops of a finished `dvc repro` (stages up to
`motion`), scores the slices of the held-out subjects, and decodes them with the grid search of
`params.yaml`, whose setting is chosen on the other folds. `--set` changes any param, so that
every choice of `params.yaml` can be compared with its alternatives.

    python benchmarks/model_branch.py --datasets casme3 --seeds 7 8 --set finetune.base.steps=300
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from ruamel.yaml import YAML

from mespot.core.events import TYPES
from mespot.crops.clips import open_clips
from mespot.metric import count
from mespot.models.inference import predict_all
from mespot.models.zoo import create_encoder
from mespot.params import Params
from mespot.params.load import default_params_path
from mespot.search.grid import search
from mespot.search.model_branch import SliceScores, time_scores
from mespot.slices.cut import slice_starts
from mespot.tables.folds import subject_folds
from mespot.tables.load import read_events, read_videos
from mespot.training.engine.distributed import alone
from mespot.training.engine.loop import silent
from mespot.training.finetune import training_rows
from mespot.training.pretrain import pretrain
from mespot.training.sampling.timeline import make_timelines
from mespot.training.spotting_classifier import train_classifier

RATE = 50.0  # moments per second of the frame-wise AUC
SUPPORT = 0.1  # s around events that count neither as event nor as rest


def changed_params(changes: list[str]) -> Params:
    """Read the shipped ``params.yaml`` with some keys changed (``a.b=value``, value in YAML)."""
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load(default_params_path().read_text(encoding="utf-8"))
    for change in changes:
        key, _, value = change.partition("=")
        *path, name = key.split(".")
        section = content
        for part in path:
            section = section[part]
        section[name] = yaml.load(value)
    return Params.model_validate(content)


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a moment inside an event scores above one outside."""
    ranks = pd.Series(scores).rank().to_numpy()
    inside = int(truth.sum())
    outside = len(truth) - inside
    return float((ranks[truth].sum() - inside * (inside + 1) / 2) / (inside * outside))


def frame_wise(videos, events, slices, granularities) -> list[dict]:
    """AUC of every type, granularity and length over the moments of all videos."""
    rows = []
    for length, scored in slices.items():
        for column, granularity in enumerate(granularities):
            for kind in TYPES:
                found, truth = [], []
                for row in videos.itertuples():
                    seconds = row.frames / row.fps
                    scores = time_scores(scored[row.video], column, kind, seconds, RATE, "weighted")
                    moments = np.arange(len(scores)) / RATE
                    inside = np.zeros(len(scores), bool)
                    unclear = np.zeros(len(scores), bool)
                    for event in events[events["video"] == row.video].itertuples():
                        onset, end = event.onset / row.fps, (event.offset + 1) / row.fps
                        near = (moments > onset - SUPPORT) & (moments < end + SUPPORT)
                        within = (moments >= onset) & (moments <= end)
                        if event.type == kind:
                            inside |= within
                        unclear |= near & ~within
                    keep = inside | ~unclear
                    found.append(scores[keep])
                    truth.append(inside[keep])
                value = auc(np.concatenate(found), np.concatenate(truth))
                rows.append(
                    {"type": kind, "granularity": granularity, "length": length, "auc": value}
                )
    return rows


def files(root: Path, dataset: str, names: list[str], kind: str) -> list[tuple[Path, Path]]:
    """Return what networks of an input see of some videos, for ``open_clips``."""
    folder, ending = ("motion", "npy") if kind == "motion" else ("faces", "zip")
    return [
        (root / "faces" / dataset / f"{name}.npz", root / folder / dataset / f"{name}.{ending}")
        for name in names
    ]


def run_dataset(
    root: Path, dataset: str, params: Params, seed: int, encoder: Path
) -> tuple[dict, pd.DataFrame]:
    """Train, score and decode one data set; return F1 by type and the table of AUCs."""
    own = params.finetune.get(dataset, params.finetune["base"])
    videos = read_videos(root / "index" / dataset / "videos.csv")
    events = read_events(root / "index" / dataset / "events.csv")
    folds = subject_folds(videos["subject"].tolist(), params.data.folds, params.seed)
    names = videos["video"].tolist()
    size = create_encoder(params.pretrain.model).config["size"]
    kind = params.pretrain.input
    clips = open_clips(files(root, dataset, names, kind), size, grey=kind != "rgb")
    lines = make_timelines(videos, events, clips)
    slices: dict[float, dict[str, SliceScores]] = {length: {} for length in params.slices.lengths}
    began = time.process_time()
    trained = scored = 0.0
    for fold in sorted(set(folds.values())):
        rows = training_rows(videos["subject"].tolist(), folds, fold)
        models = []
        for granularity in own.granularities:
            with tempfile.TemporaryDirectory() as work:
                model, _ = train_classifier(
                    clips, [lines[row] for row in rows], names, encoder, own, granularity, seed,
                    Path(work), silent, alone(torch.device("cpu")),
                )  # fmt: skip
            models.append(model)
        now = time.process_time()
        trained += now - began
        for row, video in enumerate(videos.itertuples()):
            if folds[video.subject] != fold:
                continue
            for length in params.slices.lengths:
                start = slice_starts(video.frames / video.fps, length, params.slices.step)
                parts = [
                    predict_all(
                        models,
                        clips.clips(np.full(len(part), row), part, np.full(len(part), length)),
                        params.pretrain.input,
                    )
                    for part in np.array_split(start, max(1, len(start) // params.slices.batch))
                ]
                slices[length][video.video] = SliceScores(length, start, np.concatenate(parts))
        began = time.process_time()
        scored += began - now
    result = search(
        videos, events, slices, own.granularities, folds, params.grid, params.report.min_iou
    )
    counts = count(events, result.intervals, names, min_iou=params.report.min_iou)
    figures = {
        "dataset": dataset,
        "seed": seed,
        **{f"f1_{kind}": round(float(counts.tally(kind).f1), 3) for kind in (*TYPES, "overall")},
        **{f"oracle_{kind}": round(result.oracle[kind], 3) for kind in TYPES},
        "train_s": round(trained),
        "score_s": round(scored),
    }
    for kind in TYPES:
        tally = counts.tally(kind)
        figures[f"counts_{kind}"] = (tally.tp, tally.fp, tally.fn)
        figures[f"set_{kind}"] = result.chosen[kind]["all"].as_dict()
    return figures, pd.DataFrame(frame_wise(videos, events, slices, own.granularities))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--datasets", nargs="+", default=["samm_lv", "casme3"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--set", nargs="*", default=[], help="changed params, key=value")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    params = changed_params(args.set)
    for seed in args.seeds:
        with tempfile.TemporaryDirectory() as work:
            encoder = Path(work) / "encoder"
            archives = [
                seen
                for dataset in args.datasets
                for seen in files(
                    args.artifacts,
                    dataset,
                    sorted(
                        path.stem for path in (args.artifacts / "faces" / dataset).glob("*.npz")
                    ),
                    params.pretrain.input,
                )
            ]
            began = time.process_time()
            curve = pretrain(archives, params.pretrain, seed, Path(work) / "work", encoder, silent)
            print(f"seed {seed}: pre-training {time.process_time() - began:.0f} s CPU", end=" ")
            if curve:
                print(f"loss {curve[0]['loss']:.3f} -> {curve[-1]['loss']:.3f}", end="")
            print(flush=True)
            for dataset in args.datasets:
                figures, table = run_dataset(args.artifacts, dataset, params, seed, encoder)
                print(figures, flush=True)
                wide = table.pivot_table(
                    index=["type", "granularity"], columns="length", values="auc"
                )
                print(wide.round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
