"""Are expressions found that are known, on faces that are real? Grafts on rest and speech.

FOLDER holds real clips: ``clips.csv`` (clip,person,file,fps,frames) and ``annotations.csv``
(annotator,clip,kind,onset,offset,...; kind expr | speech | other | none, by two annotators). Where
neither marked an expression or a disturbance, micro- and macro-expressions of known size, place and
time are grafted onto the picture, which is then measured as `mespot spot` measures it. What the
clip itself does is left alone; alarms beside it count.

    python benchmarks/grafted.py FOLDER --seeds 1 2 --work DIR --jobs 2
    python benchmarks/grafted.py FOLDER --clips hap-1 --write OUT --h264 28    # videos, truth.csv
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from graft_measure import MeasuredGraft, graft_clip, measured_grafts, read_folder
from graft_score import Judged, joined, print_clips, print_report
from rendered import DETECTED

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.core.files import write_csv
from mespot.flow.intervals import find_intervals
from mespot.params import Params, load_params
from mespot.params.flow import FlowParams
from mespot.video.frames import FrameSource


def write_grafts(
    folder: Path, clips: list[str], seeds: list[int], out: Path, work: Path, crf: int
) -> None:
    """Write grafted clips ``<clip>-<seed>.mp4`` (h264, 0 is lossless) and ``truth.csv``."""
    out.mkdir(parents=True, exist_ok=True)
    tables = []
    for clip in clips or list(read_folder(folder)[0].index):
        for seed in seeds:
            try:
                source = graft_clip(folder, clip, seed, work, colour=True)
            except MespotError as error:
                print(f"{clip}: left out: {error}")
                break
            _write_video(out / f"{clip}-{seed}.mp4", source, crf)
            tables.append(source.truth.assign(clip=clip, seed=seed, vid=f"{clip}-{seed}"))
    write_csv(out / "truth.csv", pd.concat(tables, ignore_index=True))


def _write_video(path: Path, source: FrameSource, crf: int) -> None:
    rate = Fraction(source.fps).limit_denominator(1001)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf)})
        stream.pix_fmt = "yuv420p"
        for index, frame in source.iterate():
            if not index:
                stream.height, stream.width = (side // 2 * 2 for side in frame.shape[:2])
            part = np.ascontiguousarray(frame[: stream.height, : stream.width])
            kind = "gray" if frame.ndim == 2 else "rgb24"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(part, format=kind)))
        container.mux(stream.encode())


def report(
    videos: list[MeasuredGraft], plain: list[MeasuredGraft], params: Params, by_clip: bool = False
) -> None:
    """Print how well grafts are found at the default operating point.

    Args:
        videos: grafted clips.
        plain: the same clips without grafts: what is found there anyway.
        params: settings.
        by_clip: print a line per clip, too.
    """
    found = [_detected(video, params.flow) for video in videos]
    anyway = {video.clip: _detected(video, params.flow) for video in plain}
    judged = []
    for video, table in zip(videos, found, strict=True):
        one, chance = video.judged(table), video.judged(anyway[video.clip])
        judged.append(Judged(one.events.assign(chance=chance.events["found"]), one.predictions))
    alone = {}
    for kind in TYPES:
        parts = []
        for video, table in zip(videos, found, strict=True):
            one = dataclasses.replace(video, truth=video.truth[video.truth["type"] == kind])
            parts.append(one.judged(table[table["type"] == kind]))
        alone[kind] = joined(parts)
    minutes = sum(video.frames / video.fps for video in videos) / 60
    print_report(joined(judged), alone, len({video.clip for video in videos}), minutes)
    if by_clip:
        print_clips(joined(judged))


def _detected(video: MeasuredGraft, flow: FlowParams) -> pd.DataFrame:
    table = find_intervals(video.signals(flow), flow)
    return table[table["score"] >= DETECTED]


def main() -> None:
    """Measure, print, and write videos where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", nargs="+", default=[], help="default: all of the folder")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], help="0 grafts nothing")
    parser.add_argument("--work", type=Path, help="keeps tracks and flow for the next run")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--h264", type=int, metavar="CRF", help="compress once more")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write videos, measure nothing")
    parser.add_argument("--by-clip", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    params = load_params()
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or Path(scratch)
        chosen = (arguments.folder, arguments.clips, arguments.seeds)
        if arguments.write:
            write_grafts(*chosen, arguments.write, work, arguments.h264 or 0)
            return
        videos = measured_grafts(*chosen, work, params, arguments.jobs, arguments.h264)
        plain = measured_grafts(
            arguments.folder, arguments.clips, [0], work, params, arguments.jobs, arguments.h264
        )
        report(videos, plain, params, arguments.by_clip)


if __name__ == "__main__":
    main()
