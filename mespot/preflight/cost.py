"""Disk and time that a data set will take, from a sample and a short measurement."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.parallel import cores
from mespot.datasets.raw import RawVideo
from mespot.faces.alignment import stride_of
from mespot.params import Params
from mespot.video.folders import frame_files
from mespot.video.frames import open_frames

# Measured on the embedded data of the default settings (192 px, jpg quality 95, 36 videos of 320 px
# frames): 14.2 kB per colour crop and 11.5 kB per grey one, as the archives in artifacts/faces hold
# them, and 0.25 kB of signals per crop in artifacts/flow.
_COLOUR_BYTES = 14_200 / 192**2  # per pixel of a crop
_GREY_BYTES = 11_500 / 192**2
_SIGNAL_BYTES = 250  # per crop
# Measured in the same place, one core of a two-core server, decoding left out: alignment with face
# detection every 2 s takes 3 to 8 ms per crop, flow with Farneback 3.6 to 4.0 ms.
_ALIGN_SECONDS = 5.0e-3  # per crop
_FLOW_SECONDS = 4.0e-3
# DVC keeps a second copy of every out in its cache, except on disks with reflinks
_COPIES = 2
_SAMPLE = 100  # videos whose size on disk is looked at
_DECODED = 20  # frames


@dataclass(frozen=True)
class Cost:
    """Disk and time of one data set.

    Attributes:
        raw_bytes: size of the data on disk, estimated from a sample.
        sampled: number of files that the estimate rests on.
        crops: number of face crops that preprocess will store; ``None`` when frames are unknown.
        crop_bytes: size of crops and signals, DVC's copies included; ``None`` likewise.
        free_bytes: free on the disk of the project.
        decode_seconds: measured time to decode one frame; ``None`` when nothing could be read.
        index_seconds: two listings, measured.
        preprocess_seconds: on all cores; ``None`` when frames or decoding are unknown.
        flow_seconds: likewise.
        cores: processes that work side by side.
    """

    raw_bytes: float
    sampled: int
    crops: int | None
    crop_bytes: float | None
    free_bytes: int
    decode_seconds: float | None
    index_seconds: float
    preprocess_seconds: float | None
    flow_seconds: float | None
    cores: int


def estimate(
    videos: Sequence[RawVideo],
    params: Params,
    disk: Path,
    listing: float,
    typical_frames: float | None,
) -> Cost:
    """Estimate disk and time.

    Args:
        videos: of the data set, at least one.
        params: of the project: crop size, rate, jobs.
        disk: folder whose disk will hold the outputs.
        listing: seconds that listing the folders took.
        typical_frames: frames of a video whose number is not known; ``None`` when nobody knows.

    Returns:
        the estimate; what is not known is ``None``.
    """
    raw, sampled = _bytes_on_disk(videos)
    free = shutil.disk_usage(disk).free
    processes = min(cores(params.jobs), len(videos))
    decode = _decode_seconds(videos, params)
    crops, crop_bytes = _crops(videos, params, typical_frames)
    preprocess = flow = None
    if crops is not None:
        flow = crops * _FLOW_SECONDS / processes
        if decode is not None:
            read = sum(
                (_frames(video, typical_frames) or 0) / _read_stride(video, params)
                for video in videos
            )
            preprocess = (read * decode + crops * _ALIGN_SECONDS) / processes
    return Cost(
        raw_bytes=raw,
        sampled=sampled,
        crops=crops,
        crop_bytes=crop_bytes,
        free_bytes=free,
        decode_seconds=decode,
        index_seconds=2 * listing,
        preprocess_seconds=preprocess,
        flow_seconds=flow,
        cores=processes,
    )


def _read_stride(video: RawVideo, params: Params) -> int:
    """Files are decoded whole; of folders only the frames that become crops are read."""
    return stride_of(video.fps, params.preprocess.max_rate) if video.kind == "folder" else 1


def _frames(video: RawVideo, typical: float | None) -> float | None:
    return typical if video.numbers is None else len(video.numbers)


def _crops(
    videos: list[RawVideo], params: Params, typical: float | None
) -> tuple[int | None, float | None]:
    total, size = 0.0, 0.0
    pixels = params.preprocess.crop_size**2
    for video in videos:
        frames = _frames(video, typical)
        if frames is None:
            return None, None
        crops = np.ceil(frames / stride_of(video.fps, params.preprocess.max_rate))
        total += crops
        size += crops * (pixels * (_GREY_BYTES if video.grey else _COLOUR_BYTES) + _SIGNAL_BYTES)
    return int(total), _COPIES * size


def _sample(videos: Sequence[RawVideo]) -> Iterator[RawVideo]:
    places = np.linspace(0, len(videos) - 1, min(_SAMPLE, len(videos))).round().astype(int)
    yield from (videos[place] for place in np.unique(places))


def _bytes_on_disk(videos: Sequence[RawVideo]) -> tuple[float, int]:
    """Scale the sizes of up to ``_SAMPLE`` files to all: a middle frame per folder, or the file."""
    sizes = {"folder": [], "file": []}
    for video in _sample(videos):
        try:
            path = video.path
            if video.kind == "folder":
                names = video.sample or tuple(frame_files(path)[0])
                path = path / names[len(names) // 2]
            sizes[video.kind].append(os.stat(path).st_size)
        except (OSError, MespotError):
            continue
    mean = {kind: float(np.mean(found)) if found else 0.0 for kind, found in sizes.items()}
    total = sum(
        mean["folder"] * len(video.numbers)
        if video.kind == "folder" and video.numbers is not None
        else mean["file"]
        for video in videos
    )
    return total, sum(map(len, sizes.values()))


def _decode_seconds(videos: Sequence[RawVideo], params: Params) -> float | None:
    """Time the decoding of some frames of the middle video, else of the next that can be read."""
    middle = len(videos) // 2
    for step in range(min(3, len(videos))):
        video = videos[(middle + step) % len(videos)]
        try:
            source = open_frames(video.path, video.fps)
            stride = _read_stride(video, params)
            begin = time.perf_counter()
            count = sum(1 for _ in itertools.islice(source.iterate(stride), _DECODED))
        except MespotError:
            continue
        if count:
            return (time.perf_counter() - begin) / count
    return None
