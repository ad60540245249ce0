"""Speed and memory of the whole command ``mespot spot`` on a 640 x 480 video at 30 frames/s.

Writes H.264 videos of a face (a rendered one, or that of ``--face``, played to and fro), runs the
command on them in processes of its own, and prints wall and CPU time, frames/s, start-up time
(that of a 1-frame video), peak memory of all its processes at one and at four times the length,
and the breakdown of ``--profile``. The per-frame work of the MEGC teams' method
(``challenge.py``) runs on the same video in the same minutes, on one core as theirs does.

    python benchmarks/spot.py --frames 3000
    python benchmarks/spot.py --frames 3000 --longest 54000   # half an hour, for its memory
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
from challenge import challenge_seconds
from flow_accuracy import RenderedSource

from mespot.video.frames import open_frames

WIDTH, HEIGHT, FPS = 640, 480, 30
DRAWN = 300  # different frames; longer videos play them to and fro
PAUSE = 0.1  # s between looks at the memory
COMMAND = "from mespot.cli import main; main()"


def read_face(path: Path | None) -> list[np.ndarray]:
    """Return up to ``DRAWN`` frames (480, 640, 3), scaled to the height and cut or padded."""
    source = open_frames(path) if path else RenderedSource("planar", "casme3", 1)
    pictures = []
    for _, image in source.iterate():
        image = image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
        width = round(image.shape[1] * HEIGHT / image.shape[0])
        method = cv2.INTER_AREA if image.shape[0] > HEIGHT else cv2.INTER_CUBIC
        image = cv2.resize(image, (width, HEIGHT), interpolation=method)
        pad = max(0, WIDTH - width + 1) // 2
        image = cv2.copyMakeBorder(image, 0, 0, pad, pad, cv2.BORDER_REPLICATE)
        left = (image.shape[1] - WIDTH) // 2
        pictures.append(image[:, left : left + WIDTH])
        if len(pictures) == DRAWN:
            break
    return pictures


def write_video(path: Path, pictures: Sequence[np.ndarray], frames: int) -> None:
    """Write ``frames`` frames of H.264, playing ``pictures`` to and fro."""
    order = [*pictures, *pictures[-2:0:-1]]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(order[index % len(order)], format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def repeat_video(source: Path, target: Path, times: int) -> None:
    """Write a video ``times`` over, without coding anything anew."""
    with av.open(str(target), "w") as out:
        stream, offset = None, 0
        for _ in range(times):
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                for packet in container.demux(video):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    out.mux(packet)
                offset += round(video.frames / FPS / video.time_base)


def write_videos(work: Path, face: Path | None, frames: int, multiples: Sequence[int]) -> None:
    """Write videos of 1 frame, of ``frames`` and of multiples of that: ``<frames>.mp4``."""
    pictures = read_face(face)
    for length in (1, frames):
        write_video(work / f"{length}.mp4", pictures, length)
    for times in multiples:
        repeat_video(work / f"{frames}.mp4", work / f"{times * frames}.mp4", times)


def spot(video: Path, out: Path) -> tuple[float, float, str]:
    """Run the command; return wall s, CPU s of all its processes, and what it printed."""
    start = time.perf_counter()
    process = _begin(video, out)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(text)
    return wall, usage.ru_utime + usage.ru_stime, text


def peak_memory(video: Path, out: Path) -> float:
    """Run the command; return the most memory in MB that its processes had together.

    Pages that they share count once (PSS). Looking takes time: this run is not for speed.
    """
    process, most = _begin(video, out), 0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            family = [root, *root.children(recursive=True)]
            most = max(most, sum(one.memory_full_info().pss for one in family))
        time.sleep(PAUSE)
    process.communicate()
    return most / 2**20


def _begin(video: Path, out: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", COMMAND, "spot", str(video), "--out", str(out), "--profile"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--face", type=Path, help="a video whose face is used; default: rendered")
    parser.add_argument("--longest", type=int, help="frames of one more run, for its memory")
    parser.add_argument("--repeats", type=int, default=3, help="runs; the median is printed")
    arguments = parser.parse_args()
    count = arguments.frames
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        # in a process of its own: a child's peak memory begins with that of its parent
        multiples = [4] + ([arguments.longest // count] if arguments.longest else [])
        task = (work, arguments.face, count, multiples)
        writer = multiprocessing.get_context("spawn").Process(target=write_videos, args=task)
        writer.start()
        writer.join()
        runs = [spot(work / f"{count}.mp4", work / "out") for _ in range(arguments.repeats)]
        start_up = [spot(work / "1.mp4", work / "out")[0] for _ in range(arguments.repeats)]
        longer = [
            (times * count, *spot(work / f"{times * count}.mp4", work / "out")[:2])
            for times in multiples
        ]
        lengths = [count, *(times * count for times in multiples)]
        memory = {n: peak_memory(work / f"{n}.mp4", work / "out") for n in lengths}
        theirs = challenge_seconds(work / f"{count}.mp4") / count
    wall, cpu = (statistics.median(run[place] for run in runs) for place in (0, 1))
    print(runs[-1][2].rstrip())
    print(f"\n{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    print(f"start-up (1 frame)     {statistics.median(start_up):8.2f} s")
    for frames, seconds, used in ((count, wall, cpu), *longer):
        print(
            f"{frames:6d} frames {seconds:8.2f} s {frames / seconds:7.0f} frames/s, "
            f"CPU {1e3 * used / frames:6.2f} ms/frame, peak {memory[frames]:6.0f} MB"
        )
    more = (longer[0][1] - wall) / (3 * count)
    print(f"further frames         {1e3 * more:8.2f} ms/frame, {1 / more:.0f} frames/s")
    print(f"challenge code, 1 core {1e3 * theirs:8.2f} ms/frame, {1 / theirs:.0f} frames/s")
    print(
        f"whole command, {count} frames: {theirs * count / wall:.1f} times as fast, "
        f"with {theirs * count / cpu:.1f} times less CPU time per frame"
    )


if __name__ == "__main__":
    main()
