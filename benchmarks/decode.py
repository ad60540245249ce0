"""Speed and memory of decoding, beside what one would write with OpenCV alone.

Writes an H.264 video of a moving portrait and the same frames as jpg, then reads both: whole, and
as 16-frame clips at random places. One thread everywhere. Peak memory is that of a fresh process
that streams the first 300 or all frames of the video.

    python benchmarks/decode.py --frames 3000
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import simplejpeg
from skimage import data

from mespot.video.clip_reader import ClipReader
from mespot.video.frames import open_frames

HEIGHT, WIDTH, FPS = 480, 640, 30
SHORT = 300  # frames
CLIP, STEP = 16, 4  # frames of a clip, distance between them


def write_inputs(work: Path, frames: int) -> tuple[Path, Path, Path]:
    """Write the video, its first ``SHORT`` frames as a video, and those as a folder of jpg."""
    rng = np.random.default_rng(0)
    portrait = cv2.resize(data.astronaut(), (WIDTH + 80, HEIGHT + 80))
    grain = rng.integers(0, 6, (8, HEIGHT, WIDTH, 3), np.uint8)
    paths = work / "long.mp4", work / "short.mp4", work / "folder"
    paths[2].mkdir()
    outputs = []
    for path in paths[:2]:
        container = av.open(str(path), "w")
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = 60
        outputs.append((container, stream))
    for index in range(frames):
        x, y = (int(40 + 39 * wave(index / 50)) for wave in (np.sin, np.cos))
        picture = cv2.add(portrait[y : y + HEIGHT, x : x + WIDTH], grain[index % len(grain)])
        for container, stream in outputs if index < SHORT else outputs[:1]:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        if index < SHORT:
            (paths[2] / f"{index}.jpg").write_bytes(simplejpeg.encode_jpeg(picture, quality=92))
    for container, stream in outputs:
        container.mux(stream.encode())
        container.close()
    return paths


def stream(path: Path) -> int:
    """Read a video or a folder with mespot; return the number of frames."""
    return sum(1 for _ in open_frames(path, FPS if path.is_dir() else None).iterate())


def capture(path: Path) -> int:
    """Read a video with OpenCV."""
    video, count = cv2.VideoCapture(str(path)), 0
    while True:
        there, frame = video.read()
        if not there:
            return count
        cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        count += 1


def imread(folder: Path) -> int:
    """Read a folder with OpenCV."""
    names = sorted(folder.iterdir(), key=lambda path: int(path.stem))
    for name in names:
        cv2.cvtColor(cv2.imread(str(name)), cv2.COLOR_BGR2RGB)
    return len(names)


def clips(path: Path, places: np.ndarray) -> int:
    """Read clips with mespot."""
    with ClipReader(path, "folder" if path.is_dir() else "file", FPS) as reader:
        for place in places:
            reader.read(place + STEP * np.arange(CLIP))
    return len(places) * CLIP


def capture_clips(path: Path, places: np.ndarray) -> int:
    """Read clips with OpenCV: jump to each clip, then read on."""
    video = cv2.VideoCapture(str(path))
    for place in places:
        video.set(cv2.CAP_PROP_POS_FRAMES, int(place))
        for index in range(STEP * (CLIP - 1) + 1):
            video.grab()
            if index % STEP == 0:
                cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)
    return len(places) * CLIP


def imread_clips(folder: Path, places: np.ndarray) -> int:
    """Read clips of a folder with OpenCV, listing it for each clip."""
    for place in places:
        names = sorted(folder.iterdir(), key=lambda path: int(path.stem))
        for index in place + STEP * np.arange(CLIP):
            cv2.cvtColor(cv2.imread(str(names[index])), cv2.COLOR_BGR2RGB)
    return len(places) * CLIP


def per_second(call: Callable[[], int]) -> float:
    """Frames per second of processor time, the better of two runs."""
    rates = []
    for _ in range(2):
        start = time.process_time()
        count = call()
        rates.append(count / (time.process_time() - start))
    return max(rates)


def _peak(path: Path, queue: multiprocessing.Queue) -> None:
    stream(path)
    queue.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peak_memory(path: Path) -> float:
    """Peak resident memory, MiB, of a fresh process that streams a video."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_peak, args=(path, queue))
    process.start()
    value = queue.get()
    process.join()
    return value


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=3000, help="frames of the long video")
    parser.add_argument("--clips", type=int, default=30, help="random clips per measurement")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        video, short, folder = write_inputs(Path(scratch), arguments.frames)
        rng = np.random.default_rng(1)
        anywhere = rng.integers(0, arguments.frames - STEP * CLIP, arguments.clips)
        early = rng.integers(0, SHORT - STEP * CLIP, arguments.clips)
        rows = [  # OpenCV also where mespot takes PyAV (clips) and simplejpeg (folders)
            ("video, streamed", lambda: stream(short), lambda: capture(short)),
            ("folder, streamed", lambda: stream(folder), lambda: imread(folder)),
            (
                "video, clips",
                lambda: clips(video, anywhere),
                lambda: capture_clips(video, anywhere),
            ),
            ("folder, clips", lambda: clips(folder, early), lambda: imread_clips(folder, early)),
        ]
        print(f"{'frames per cpu second':24s}{'mespot':>9s}{'OpenCV':>9s}{'ratio':>8s}")
        for name, ours, theirs in rows:
            fast, naive = per_second(ours), per_second(theirs)
            print(f"{name:24s}{fast:9.0f}{naive:9.0f}{fast / naive:8.2f}")
        few, many = peak_memory(short), peak_memory(video)
        print(f"peak memory, MiB: {few:.0f} at {SHORT} frames, {many:.0f} at {arguments.frames}")


if __name__ == "__main__":
    main()
