"""Cost of the index: listing a tree of many frames against a bare scan of the same tree.

    python benchmarks/index.py [--frames 200000] [--clips 100000]

It writes hard links of one tiny picture, 100 persons with 13 clips each in the layout of
CAS(ME)^3, into a temporary folder, and prints files per second of ``build_index`` and of
``os.scandir``, their ratio, and the memory that the index needed at its peak; then the same memory
for many clips in the layout of VoxCeleb2, whose 1.09 million are not opened.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simplejpeg

from mespot.datasets.index import build_index
from mespot.params import load_params

PERSONS, CLIPS = 100, "abcdefghijklm"
REPEATS = 5


def plant(root: Path, frames: int) -> int:
    """Write the tree; return the number of its frames."""
    picture = simplejpeg.encode_jpeg(np.full((8, 8, 3), 90, np.uint8))
    each = max(1, round(frames / (PERSONS * len(CLIPS))))
    for person in range(1, PERSONS + 1):
        source = root / f"{person}.jpg"  # file systems bound the links of one file
        source.write_bytes(picture)
        for clip in CLIPS:
            folder = root / f"casme3_b/part_B/data/part_B/spNO.{person}/{clip}/color"
            folder.mkdir(parents=True)
            for number in range(7, 7 + each):
                os.link(source, folder / f"{number}.jpg")
    return each * PERSONS * len(CLIPS)


def scan(folder: str) -> int:
    """Count the files below a folder with ``os.scandir`` alone."""
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            count += scan(entry.path) if entry.is_dir() else 1
    return count


def seconds(work: Callable[[], object]) -> float:
    """Return the median time of several calls, after one that warms the file system's cache."""
    work()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def plant_clips(root: Path, clips: int) -> None:
    """Write clips in the layout of VoxCeleb2, about as many per video and person as there."""
    source = root / "clip.mp4"
    source.write_bytes(b"never opened")
    for number in range(clips):
        folder = root / f"voxceleb2/dev/mp4/id{number // 182:05d}/v{number // 7:010d}"
        if number % 7 == 0:
            folder.mkdir(parents=True)
            source = folder / "00001.mp4"
            source.write_bytes(b"never opened")
        else:
            os.link(source, folder / f"{number % 7 + 1:05d}.mp4")


def _index_clips(root: Path, queue: multiprocessing.Queue) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    build_index("voxceleb2", root, root / "out", load_params().data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    queue.put((peak - before) / 1024)


def clip_memory(clips: int) -> float:
    """MiB that the index of ``clips`` takes above what the imports take, in a fresh process."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    with tempfile.TemporaryDirectory() as name:
        plant_clips(Path(name), clips)
        process = context.Process(target=_index_clips, args=(Path(name), queue))
        process.start()
        value = queue.get()
        process.join()
    return value


def main() -> None:
    """Plant the tree, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=200_000, help="frames of the whole tree")
    parser.add_argument("--clips", type=int, default=100_000, help="clips like VoxCeleb2's")
    arguments = parser.parse_args()
    frames = arguments.frames
    params = load_params().data
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        begin = time.perf_counter()
        count = plant(root, frames)
        print(f"{count} frames in {PERSONS * len(CLIPS)} folders, "
              f"written in {time.perf_counter() - begin:.1f} s")  # fmt: skip
        bare = seconds(lambda: scan(str(root / "casme3_b")))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        index = seconds(lambda: build_index("casme3_b", root, root / "out", params))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"os.scandir   {bare:6.2f} s  {count / bare:10,.0f} files/s")
        print(f"build_index  {index:6.2f} s  {count / index:10,.0f} files/s  "
              f"{index / bare:.1f} x the bare scan")  # fmt: skip
        print(f"memory       {(peak - before) / 1024:6.1f} MiB more, {peak / 1024:.0f} at its peak")
    taken = clip_memory(arguments.clips)
    whole = taken * 1_091_726 / arguments.clips
    print(f"{arguments.clips} clips of VoxCeleb2: {taken:.0f} MiB more; 1,091,726 would take "
          f"{whole:.0f} in proportion")  # fmt: skip


if __name__ == "__main__":
    main()
