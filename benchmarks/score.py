"""Speed of `mespot score` beside a straightforward loop over videos.

Generates predictions and events of the size of the MEGC 2020 baseline on CAS(ME)^2 (6,558
predictions, 357 events, 97 videos), or reads two files, and times the same work by both: the call
with reading, counting and the bootstrap, and a baseline that reads with pandas, matches video by
video and type by type with one assignment each, and resamples subjects in a loop.

    python benchmarks/score.py
    python benchmarks/score.py --predictions pred.csv --truth truth.csv
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.metric import match
from mespot.scoring.files import score_files


def generate(folder: Path, seed: int) -> tuple[Path, Path]:
    """Write predictions and truth with the sizes of the MEGC 2020 baseline."""
    rng = np.random.default_rng(seed)
    names = [f"{subject:02d}_{clip:04d}" for subject in range(22) for clip in range(5)][:97]

    def table(rows: int, me_share: float) -> pd.DataFrame:
        me = rng.random(rows) < me_share
        onset = rng.integers(1, 2600, rows)
        span = np.where(me, rng.integers(8, 16, rows), rng.integers(17, 120, rows))
        columns = {"onset": onset, "offset": onset + span, "type": np.where(me, "me", "mae")}
        return pd.DataFrame({"vid": rng.choice(names, rows), **columns})

    paths = folder / "pred.csv", folder / "truth.csv"
    table(6558, 0.77).to_csv(paths[0], index=False)
    table(357, 0.16).to_csv(paths[1], index=False)
    return paths


def baseline(predictions: Path, truth: Path, draws: int, seed: int) -> tuple[int, float, float]:
    """Count and resample with plain loops; returns TP and the interval of the overall F1."""
    found, events = (pd.read_csv(path, dtype={"vid": str}) for path in (predictions, truth))
    counts: dict[str, np.ndarray] = {}
    for video in sorted({*found["vid"], *events["vid"]}):
        subject = video.split("_")[0]
        for kind in ("me", "mae"):
            one, other = (
                rows[(rows["vid"] == video) & (rows["type"] == kind)][["onset", "offset"]]
                for rows in (events, found)
            )
            hits = len(match(one.to_numpy(), other.to_numpy()))
            row = np.array([hits, len(other) - hits, len(one) - hits])
            counts[subject] = counts.get(subject, 0) + row
    rng = np.random.default_rng(seed)
    names = sorted(counts)
    drawn = []
    for _ in range(draws):
        tp, fp, fn = sum(counts[names[k]] for k in rng.integers(0, len(names), len(names)))
        drawn.append(2 * tp / max(2 * tp + fp + fn, 1))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return int(sum(row[0] for row in counts.values())), float(low), float(high)


def fastest(work, repeats: int = 5) -> float:
    """Return the shortest wall time of several calls, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--predictions", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = options.predictions, options.truth
        if None in files:
            files = generate(Path(folder), options.seed)
        result = score_files(*files, draws=options.draws)
        tp, low, high = baseline(*files, options.draws, options.seed)
        ours = fastest(lambda: score_files(*files, draws=options.draws))
        plain = fastest(lambda: baseline(*files, options.draws, options.seed), 2)
        start = "from mespot.cli import main; main()"
        command = [sys.executable, "-c", start, "score", *map(str, files)]
        whole = fastest(lambda: subprocess.run(command, check=True, capture_output=True), 3)
    overall = result["overall"]
    if overall["tp"] != tp:
        raise SystemExit(f"the loop finds {tp} TP, mespot {overall['tp']}")
    print(f"{result['predictions']} predictions, {result['events']} events, {options.draws} draws")
    print(f"TP {tp} by both; interval {overall['f1_low']:.4f}-{overall['f1_high']:.4f}, ", end="")
    print(f"loop {low:.4f}-{high:.4f}")
    print(f"call {ours:.3f} s, loop over videos {plain:.3f} s, ratio {plain / ours:.1f}")
    print(f"command with start of python {whole:.2f} s")


if __name__ == "__main__":
    main()
