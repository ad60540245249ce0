"""Fit the scorers of the flow branch on real, grafted and rendered faces, and measure them.

``expression`` learns from the real clips what annotators mark, with a little weight on rendered
faces and grafts; ``brief`` learns small, quick movements from the grafts and the rendered faces,
against everything else that real faces do. Each real clip stands there three times: as it is, and
twice with the movements made larger or smaller and time run faster or slower. What is printed is
measured on persons who were left out (ten groups of persons; of rendered faces: other seeds);
thresholds, and which features there are, were chosen on the same clips. ``--out`` then fits both on
everything and writes the files that ``mespot.flow.intervals`` loads; they hold thresholds of
numbers that describe movements, and nothing of the videos.

    python benchmarks/segment_training.py FOLDER --work DIR --out mespot/flow/scorers

FOLDER is one like that of ``real_faces.py``. Measurements are kept in ``--work``.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import lightgbm
import numpy as np
import pandas as pd
from graft_measure import MeasuredGraft
from graft_score import joined
from joblib import Parallel, delayed
from real_scoring import HIT, LEFT, judge_all, reliability, totals
from real_truth import ClipTruth, read_truth
from rendered import f1_of, typed_counts
from segment_samples import (
    LONGEST_ME,
    Samples,
    graft_samples,
    near_events,
    real_samples,
    rendered_samples,
    varied_samples,
)
from sklearn.linear_model import LogisticRegression

from mespot.flow.forest import Forest
from mespot.flow.intervals import keep_best
from mespot.params import load_params

_FOR = {
    "rise", "fall", "rise_least", "rise_most", "over_noise", "of_spread", "dip", "hold",
    "confidence", "bump", "bump_highest", "bump_share",
    *(f"{half}_{part}" for half in ("upper", "lower") for part in ("there", "back")),
    *(f"away_{a}_{b}" for a in ("upper", "lower", "any") for b in ("middle", "inside", "far")),
}  # fmt: skip
"""More of these can only speak for an expression."""
_AGAINST = {
    "yaw_off", "pitch_off", "head_inside", "head_first", "head_last", "blink_inside", "residual",
    "mouth_inside", "speech_inside", "jumps", "head_turn_inside", "head_fast_inside",
    *(f"{half}_{part}" for half in ("upper", "lower")
      for part in ("new_rest", "rest_before", "rest_after")),
    *(f"away_{a}_{b}" for a in ("upper", "lower", "any")
      for b in ("before", "after", "far_around")),
    *(f"{move}_{part}" for move in ("turned", "nodded")
      for part in ("from_before", "from_after", "off", "away")),
    *(f"{name}_{part}" for name in ("disturbed", "eyes_closed")
      for part in ("inside", "before", "after")),
    *(f"{name}_from_{side}" for name in ("x", "y", "roll", "scale", "yaw", "pitch")
      for side in ("before", "after")),
}  # fmt: skip
"""More of these can only speak against one."""
_LEFT_OUT = 10  # groups of persons
_NEGATIVES = 0.25  # share of the stretches without an event that are used, for time
_FROM, _FULL = 0.3, 0.7  # IoU at which a stretch begins to count as the event, and fully does
_STEEP = 12.0  # slope of the logistic curve over the sum of the trees, before it is calibrated
_USUAL_COUNT = 2500  # stretches of a video of usual length


@dataclasses.dataclass(frozen=True)
class Lessons:
    """What a scorer learns from: stretches, what they should score, and how much they count.

    Attributes:
        rows: (n, F) float32.
        wanted: (n,) 0 to 1.
        weight: (n,).
        person: (n,) of str.
    """

    rows: np.ndarray
    wanted: np.ndarray
    weight: np.ndarray
    person: np.ndarray


def lessons(
    samples: Sequence[Samples], positive: float, negative: float, brief: bool = False
) -> Lessons:
    """Make lessons of the stretches of some videos.

    Args:
        samples: of the videos.
        positive: weight of stretches that share enough with an event.
        negative: weight of all others.
        brief: micro-expressions are the events, and stretches of others count neither way.
    """
    iou, brief_iou, excused = (
        np.concatenate([getattr(one, name) for one in samples])
        for name in ("iou", "brief_iou", "excused")
    )
    shared = brief_iou if brief else iou
    wanted = np.clip((shared - _FROM) / (_FULL - _FROM), 0.0, 1.0)
    counts = (excused < 0.5) | (shared >= 0.5)
    if brief:
        counts &= (iou <= _FROM) | (brief_iou >= iou)
    length = np.concatenate([np.full(len(one.first), len(one.first)) for one in samples])
    weight = counts * np.where(wanted > 0.0, positive, negative) * np.sqrt(_USUAL_COUNT / length)
    person = np.concatenate([np.full(len(one.first), one.person) for one in samples])
    return Lessons(np.concatenate([one.rows for one in samples]), wanted, weight, person)


def fit(
    taught: Sequence[Lessons], names: Sequence[str], seed: int, without: set[str], trees: int
) -> lightgbm.LGBMRegressor:
    """Fit boosted trees on the lessons of all persons but some."""
    rng = np.random.default_rng(seed)
    parts = []
    for one in taught:
        use = np.flatnonzero((one.weight > 0.0) & ~np.isin(one.person, list(without)))
        use = use[(one.wanted[use] > 0.0) | (rng.random(len(use)) < _NEGATIVES)]
        share = np.where(one.wanted[use] > 0.0, 1.0, 1.0 / _NEGATIVES)
        parts.append((one.rows[use], one.wanted[use], one.weight[use] * share))
    rows, wanted, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    direction = [1 if name in _FOR else -1 if name in _AGAINST else 0 for name in names]
    model = lightgbm.LGBMRegressor(
        n_estimators=trees, learning_rate=12.0 / trees, num_leaves=15, min_child_samples=40,
        reg_lambda=5.0, feature_fraction=0.25, bagging_fraction=0.5, bagging_freq=1, max_bin=63,
        monotone_constraints=direction, n_jobs=1, verbose=-1, random_state=seed, deterministic=True,
        force_row_wise=True,
    )  # fmt: skip
    return model.fit(rows, wanted, sample_weight=weight)


def left_out(
    taught: Sequence[Lessons], asked: Sequence[Sequence[Samples]], names: Sequence[str],
    seeds: int, trees: int, jobs: int,
) -> list[list[np.ndarray]]:  # fmt: skip
    """Sums of trees for every asked video, by models that saw nothing of its person.

    Persons are put in ten groups, anew for each seed; the seeds' sums are averaged.
    """
    persons = sorted(
        {str(p) for one in taught for p in np.unique(one.person)}
        | {one.person for group in asked for one in group}
    )
    rounds = []
    for seed in range(seeds):
        shuffled = np.random.default_rng(seed).permutation(persons)
        rounds += [(seed, set(shuffled[k::_LEFT_OUT].tolist())) for k in range(_LEFT_OUT)]

    def answer(seed: int, without: set[str]) -> list[tuple[int, int, np.ndarray]]:
        model = fit(taught, names, seed, without, trees)
        return [
            (at, number, model.predict(one.rows))
            for at, group in enumerate(asked)
            for number, one in enumerate(group)
            if one.person in without and len(one.first)
        ]

    found = [[np.zeros(len(one.first)) for one in group] for group in asked]
    for part in Parallel(jobs, max_nbytes="50M")(delayed(answer)(*one) for one in rounds):
        for at, number, total in part:
            found[at][number] += total / seeds
    return found


def scored(total: np.ndarray, threshold: float, slope: float = _STEEP) -> np.ndarray:
    """Scores of sums of trees, 0.5 at the threshold."""
    return 1.0 / (1.0 + np.exp(-slope * (total - threshold)))


def decoded(
    samples: Sequence[Samples], scores: Sequence[np.ndarray], least: float = 0.5
) -> pd.DataFrame:
    """Intervals with a score of at least ``least``; ``video, onset, offset, type, score``."""
    rows = []
    for one, score in zip(samples, scores, strict=True):
        likely = np.flatnonzero(score >= 0.5 * least)
        kept, begin, end = keep_best(one.first[likely], one.last[likely], score[likely])
        for index, onset, offset in zip(kept, np.round(begin), np.round(end), strict=True):
            kind = "me" if (offset - onset + 1) / one.fps <= LONGEST_ME else "mae"
            rows.append((one.video, int(onset), int(offset), kind, score[likely][index]))
    table = pd.DataFrame(rows, columns=["video", "onset", "offset", "type", "score"])
    return table[table["score"] >= least]


def real_figures(
    truth: dict[str, ClipTruth], samples: Sequence[Samples], scores: Sequence[np.ndarray]
) -> dict[str, float]:
    """Figures of ``real_scoring.totals`` on the real clips."""
    return totals(judge_all(truth, decoded(samples, scores).rename(columns={"video": "vid"})))


def best_threshold(
    truth: dict[str, ClipTruth], samples: Sequence[Samples], sums: Sequence[np.ndarray]
) -> float:
    """The threshold with the highest F1 on the real clips, smoothed over its neighbours."""
    tried = np.arange(0.25, 0.6, 0.0125)
    f1 = [real_figures(truth, samples, [scored(total, at) for total in sums])["f1"] for at in tried]
    return float(tried[np.convolve(f1, np.ones(3) / 3.0, "same").argmax()])


def calibrated_slope(
    truth: dict[str, ClipTruth], samples: Sequence[Samples], sums: Sequence[np.ndarray], at: float
) -> float:
    """Slope with which scores tell the share of hits among persons left out."""
    table = decoded(samples, [scored(total, at) for total in sums], 0.1)
    judged = judge_all(truth, table.rename(columns={"video": "vid"}))
    score = np.concatenate([one.predicted["score"].to_numpy(dtype=float) for one in judged])
    verdict = np.concatenate([one.verdict for one in judged])
    score, hit = score[verdict != LEFT], verdict[verdict != LEFT] == HIT
    above = np.log(score / (1.0 - score)) / _STEEP  # sums over the threshold
    curve = LogisticRegression(C=1e6, fit_intercept=False).fit(above[:, None], hit)
    return float(curve.coef_[0, 0])


def graft_line(videos: Sequence[MeasuredGraft], found: pd.DataFrame) -> str:
    """F1 and recall on grafts."""
    judged = joined([video.judged(found[found["video"] == video.name]) for video in videos])
    brief, counts = judged.where("type", "me"), judged.counts()[0]
    return (
        f"F1 {f1_of(counts):.3f} ({counts[0]} hits, {counts[1]} false, {counts[2]} missed), "
        f"ME alone {f1_of(brief.counts()[0]):.3f} (recall {brief.events['found'].mean():.2f})"
    )


def rendered_line(found: pd.DataFrame, truths: dict[str, pd.DataFrame]) -> str:
    """Typed F1 on rendered faces."""
    total: dict[str, np.ndarray] = {}
    for video, events in truths.items():
        for kind, counts in typed_counts(events, found[found["video"] == video]).items():
            total[kind] = total.get(kind, 0) + counts
    return ", ".join(f"{kind} {f1_of(counts):.3f}" for kind, counts in total.items())


def as_forest(
    models: Sequence[lightgbm.LGBMRegressor], names: Sequence[str], at: float, slope: float = _STEEP
) -> Forest:
    """Put the trees of several models into one forest: their mean, 0.5 at a threshold."""
    trees = [
        tree["tree_structure"]
        for model in models
        for tree in model.booster_.dump_model()["tree_info"]
    ]
    flat = [_nodes(tree) for tree in trees]
    most = max(len(nodes) for nodes in flat)
    feature, left = (np.zeros((len(flat), most), np.int16) for _ in range(2))
    border, value = (np.zeros((len(flat), most), np.float32) for _ in range(2))
    left[:] = -1
    for row, nodes in enumerate(flat):
        for column, (of, split, child, leaf) in enumerate(nodes):
            feature[row, column], border[row, column] = of, split
            left[row, column], value[row, column] = child, leaf / len(models)
    used = np.unique(feature[left > 0])
    feature = np.searchsorted(used, feature).clip(0, len(used) - 1).astype(np.int16)
    return Forest(
        feature,
        border,
        left,
        value,
        tuple(names[i] for i in used),
        np.array([slope, at]),
        len(models),
    )


def _nodes(tree: dict) -> list[tuple[int, float, int, float]]:
    """Nodes of one tree, breadth first: feature, border, left child (-1: leaf), value."""
    queue, nodes = [tree], []
    while len(nodes) < len(queue):
        node = queue[len(nodes)]
        if "leaf_value" in node:
            nodes.append((0, 0.0, -1, node["leaf_value"]))
            continue
        # float32 rows are compared with a float32 border: round down, so that <= keeps its meaning
        border = np.float32(node["threshold"])
        if float(border) > node["threshold"]:  # as doubles: numpy would round the other one too
            border = np.nextafter(border, np.float32(-np.inf))
        nodes.append((node["split_feature"], float(border), len(queue), 0.0))
        queue += [node["left_child"], node["right_child"]]
    return nodes


def main() -> None:
    """Measure on persons left out, then fit on all and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="real clips with truth")
    parser.add_argument("--work", type=Path, required=True, help="keeps measurements")
    parser.add_argument("--out", type=Path, help="folder that gets the fitted scorers")
    parser.add_argument(
        "--left-out", type=Path, help="CSV that gets the intervals of left-out people"
    )
    parser.add_argument("--graft-seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--rendered-seeds", type=int, nargs="+", default=list(range(820, 826)))
    parser.add_argument("--fits", type=int, default=6, help="fits with other seeds, averaged")
    parser.add_argument("--trees", type=int, default=100, help="of each fit")
    parser.add_argument(
        "--brief-threshold", type=float, default=0.45,
        help="sum of trees at which a brief movement scores 0.5",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    params, truth, start = load_params(), read_truth(asked.folder), time.perf_counter()
    grafted = asked.work / "grafts"
    real = real_samples(asked.folder, grafted, params, asked.jobs)
    varied = [varied_samples(asked.folder, grafted, params, seed, asked.jobs) for seed in (1, 2)]
    grafts, videos = graft_samples(asked.folder, asked.graft_seeds, grafted, params, asked.jobs)
    near = [near_events(one, video) for one, video in zip(grafts, videos, strict=True)]
    rendered, truths = rendered_samples(
        ("planar", "hard"), asked.rendered_seeds, asked.work / "rendered", params, asked.jobs
    )
    print(f"{time.perf_counter() - start:.0f} s: {sum(len(one.first) for one in real)} stretches")
    names = real[0].names
    taught = {
        "expression": [
            lessons(real, 1.0, 1.0),
            *(lessons(one, 0.5, 0.5) for one in varied),
            lessons(rendered, 0.1, 0.1),
            lessons(near, 0.1, 0.1),
        ],
        "brief": [
            lessons(real, 1.0, 0.5, brief=True),
            lessons(rendered, 0.3, 0.3, brief=True),
            lessons(near, 1.0, 1.0, brief=True),
        ],
    }
    groups = (real, grafts, rendered)
    sums = {
        name: left_out(some, groups, names, asked.fits, asked.trees, asked.jobs)
        for name, some in taught.items()
    }
    at = {
        "expression": best_threshold(truth, real, sums["expression"][0]),
        "brief": asked.brief_threshold,
    }
    slope = calibrated_slope(truth, real, sums["expression"][0], at["expression"])
    print(f"{time.perf_counter() - start:.0f} s: thresholds {at}, slope {slope:.2f}; left out:")
    for label, used in (("expression alone", ["expression"]), ("both", list(taught))):
        scores = [
            [
                np.maximum.reduce(
                    [scored(sums[name][group][number], at[name], slope) for name in used]
                )
                for number in range(len(groups[group]))
            ]
            for group in range(len(groups))
        ]
        figures = real_figures(truth, real, scores[0])
        shown = ("f1", "typed_f1", "precision", "recall", "false_speech_min", "false_rest_min")
        print(f"{label}: real", {name: round(float(figures[name]), 3) for name in shown})
        print(f"{label}: grafts {graft_line(videos, decoded(grafts, scores[1]))}")
        for level in ("planar", "hard"):
            own = {name: table for name, table in truths.items() if name.startswith(level)}
            found = decoded(rendered, scores[2])
            print(f"{label}: rendered {level} {rendered_line(found, own)}")
    table = decoded(real, scores[0]).rename(columns={"video": "vid"})
    print("score against share of hits, persons left out")
    print(reliability(judge_all(truth, table)).round(3).to_string(index=False))
    if asked.left_out:
        table.to_csv(asked.left_out, index=False)
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        for name, some in taught.items():
            models = [fit(some, names, seed, set(), asked.trees) for seed in range(asked.fits)]
            as_forest(models, names, at[name], slope).save(asked.out / f"{name}.npz")


if __name__ == "__main__":
    main()
