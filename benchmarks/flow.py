"""Speed of the flow branch, beside the MEGC teams' Farneback on five patches of the same crops.

Both run in one process on one thread on the same rendered crops: crop reading, flow and pooling
of ours, and reading plus flow on the brow, nose and mouth patches at 256 px of theirs.

    python benchmarks/flow.py --frames 200
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from challenge import PATCHES, SIZE, farneback, patch_of
from flow_accuracy import RenderedSource

from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack
from mespot.faces.preprocess import preprocess_video
from mespot.flow.intervals import find_intervals
from mespot.flow.pooling import pool_video
from mespot.flow.refine import refine
from mespot.flow.regions import make_regions
from mespot.params import load_params


def challenge_seconds(reader: CropReader, track: FaceTrack, indices: np.ndarray) -> float:
    """CPU seconds per frame of Farneback (.5, 3, 15, 5, 7, 1.5) on five patches."""
    scale = SIZE / track.size
    points = (track.landmarks + 0.5) * scale - 0.5
    boxes = [patch_of(points, patch) for patch in PATCHES]

    def read(index: int) -> np.ndarray:
        return cv2.resize(reader.read(index, grey=True), (SIZE, SIZE))

    first = read(0)
    start = time.process_time()
    for index in indices:
        frame = read(int(index))
        for box in boxes:
            farneback(first[box], frame[box])
    return (time.process_time() - start) / len(indices)


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=200)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    params = load_params()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        source = RenderedSource("planar", "casme3", 1)
        source.frames = min(source.frames, arguments.frames)
        track = preprocess_video(source, "speed", work, params.preprocess)
        reader = CropReader(work / "speed.zip")
        count = len(track)
        regions = make_regions(track.landmarks, track.iod, track.size, params.flow.flow_iod)
        start = time.process_time()
        pooled = pool_video(reader, track, params.flow)
        flow = (time.process_time() - start) / count
        start = time.process_time()
        find_intervals(refine(pooled, track, params.flow), params.flow)
        rest = (time.process_time() - start) / count
        theirs = challenge_seconds(reader, track, np.arange(count))
        reader.close()
    print(f"flow size {regions.size[0]} x {regions.size[1]} px, {count} crops, CPU time, 1 thread")
    print(f"read + flow + pooling        {1e3 * flow:6.2f} ms/frame {1 / flow:7.0f} frames/s")
    print(f"signals + intervals          {1e3 * rest:6.2f} ms/frame")
    print(f"all                          {1e3 * (flow + rest):6.2f} ms/frame "
          f"{1 / (flow + rest):7.0f} frames/s")  # fmt: skip
    print(f"read + Farneback, 5 patches  {1e3 * theirs:6.2f} ms/frame {1 / theirs:7.0f} frames/s")
    print(f"ratio of all to five patches {(flow + rest) / theirs:6.2f}")


if __name__ == "__main__":
    main()
