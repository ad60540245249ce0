"""Memory and decoding of slice scoring: two granularities, three lengths, one pass over a video.

Generated crops of several durations are scored, each in a process of its own whose peak memory is
read at its end. Every reading of a crop is counted. Beside it, all crops of the video shrunk in
memory before the first slice is scored, and each length scored for itself.

    python benchmarks/slices.py                    # videos of 1 and 10 minutes
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import torch

from mespot.crops.archive import CropReader, CropWriter
from mespot.crops.clips import open_clips
from mespot.crops.track import FaceTrack
from mespot.models.classifier import Classifier
from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_encoder
from mespot.slices.score import SliceScorer
from mespot.slices.stream import ClipStream

MODEL, INPUT = "lgi_former_tiny_64", "flow"
LENGTHS = (0.5, 1.0, 2.0)  # s
STEP, BATCH = 0.25, 64
SIZE = 192  # px of a crop
WAYS = ("stream", "memory")


def generate(folder: Path, minutes: float, fps: float) -> None:
    """Write a track and an archive of moving texture."""
    count = round(60 * minutes * fps)
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(
        rng.integers(0, 255, (2 * SIZE, 2 * SIZE), dtype=np.uint8), (0, 0), 3
    )
    with CropWriter(folder / "video.zip", 90) as writer:
        for index in range(count):
            x, y = (int(SIZE / 2 * (1 + np.sin(index / pace))) for pace in (37, 61))
            writer.append(np.ascontiguousarray(texture[y : y + SIZE, x : x + SIZE]))
    FaceTrack(
        fps=fps,
        frames=count,
        frame=np.arange(count),
        time=np.arange(count) / fps,
        matrix=np.zeros((count, 2, 3)),
        landmarks=np.zeros((68, 2), np.float32),
        success=np.ones(count, bool),
        confidence=np.ones(count, np.float32),
        head=np.zeros((count, 4)),
        size=SIZE,
        iod=60.0,
        grey=True,
    ).save(folder / "video.npz")


def train_nothing(folder: Path) -> list[Path]:
    """Write two classifiers with random weights."""
    folders = [folder / f"granularity{index}" for index in range(2)]
    for seed, place in enumerate(folders):
        torch.manual_seed(seed)
        model = Classifier(create_encoder(MODEL), head_scale=20.0)
        save_weights(place / "all.safetensors", model)
        save_description(place, {"model": MODEL, "input": INPUT, "classifier": model.config})
    return folders


def score(folder: Path, minutes: float, way: str) -> dict[str, float]:
    """Score the video in ``folder``; returns the figures of this process."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    read: Counter[int] = Counter()
    original = CropReader.read

    def counted(reader: CropReader, index: int, grey: bool = False) -> np.ndarray:
        read[index] += 1
        return original(reader, index, grey)

    CropReader.read = counted
    scorer = SliceScorer(sorted(folder.glob("granularity*")), "all", BATCH)
    crops = folder / "video.npz", folder / "video.zip"
    duration = 60.0 * minutes
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    if way == "stream":
        stream = ClipStream(*crops, scorer.size, scorer.grey)
        found = scorer.score_lengths(stream, duration, LENGTHS, STEP)
    else:
        clips = open_clips([crops], scorer.size, scorer.grey)
        found = [scorer.score(clips, duration, length, STEP) for length in LENGTHS]
    return {
        "seconds": time.process_time() - start,
        "slices": sum(len(start) for start, _ in found),
        "checksum": float(sum(scores.astype(np.float64).sum() for _, scores in found)),
        "crops": len(read),
        "most": max(read.values()),
        "above_idle": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        figures = score(Path(options.child[0]), options.minutes[0], options.child[1])
        sys.stdout.write(json.dumps(figures))
        return
    print(
        "| minutes | way | slices | crops read | times at most | CPU s | peak MB | above idle MB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for minutes in options.minutes:
        with tempfile.TemporaryDirectory() as name:
            generate(Path(name), minutes, options.fps)
            train_nothing(Path(name))
            checksums = set()
            for way in WAYS:
                command = [
                    sys.executable,
                    __file__,
                    "--minutes",
                    str(minutes),
                    "--child",
                    name,
                    way,
                ]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                row = json.loads(done.stdout)
                checksums.add(row["checksum"])
                print(
                    f"| {minutes:g} | {way} | {row['slices']} | {row['crops']} | {row['most']} "
                    f"| {row['seconds']:.1f} | {row['peak']:.0f} | {row['above_idle']:.0f} |",
                    flush=True,
                )
            if len(checksums) > 1:
                raise SystemExit("the two ways gave different scores")


if __name__ == "__main__":
    main()
