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
import hashlib
import tempfile
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from graft import GraftedSource
from graft_score import Judged, joined, judge, print_clips, print_report
from graft_script import Own, draw_grafts, free_stretches, own_events, truth_of
from portraits import recorded
from rendered import DETECTED

from mespot.data.frames import FrameSource, open_frames
from mespot.errors import MespotError
from mespot.faces.grey_frames import open_grey
from mespot.faces.grey_store import SUFFIX, open_crops
from mespot.faces.preprocess import origin_of, preprocess_video
from mespot.faces.track import FaceTrack
from mespot.files import read_npz, write_csv, write_npz
from mespot.flow.intervals import find_intervals
from mespot.flow.pooling import Pooled, pool_video
from mespot.flow.signals import FlowSignals, refine
from mespot.parallel import map_videos
from mespot.params import Params, load_params
from mespot.params.flow import FlowParams
from mespot.spot_video import flow_sized

_VERSION = 1  # of the warp: a change makes measured clips stale


@dataclass(frozen=True)
class MeasuredGraft:
    """A grafted clip that was measured.

    Attributes:
        name: of its files in the work folder.
        person: who it shows.
        clip: which clip.
        seed: of the grafts; 0: none.
        fps: frames per second.
        frames: number of frames.
        truth: the grafts, see ``graft_script.truth_of``.
        left_alone: (n, 2) frames, inclusive: what the clip itself does.
        speech: (m, 2) frames, inclusive.
        track: file of the face track of the grafted clip.
        pooled: file of the raw flow measurements.
        crops: file of its grey crops.
    """

    name: str
    person: str
    clip: str
    seed: int
    fps: float
    frames: int
    truth: pd.DataFrame
    left_alone: np.ndarray
    speech: np.ndarray
    track: Path
    pooled: Path
    crops: Path

    def signals(self, flow: FlowParams) -> FlowSignals:
        """Return flow signals."""
        return refine(Pooled(**read_npz(self.pooled)), FaceTrack.load(self.track), flow)

    def judged(self, found: pd.DataFrame) -> Judged:
        """Judge intervals that were found in it."""
        own = Own(self.left_alone, self.speech)
        verdict = judge(self.truth, found, own, self.frames, self.fps)
        about = {"clip": self.clip, "seed": self.seed, "person": self.person}
        return Judged(verdict.events.assign(**about), verdict.predictions.assign(**about))


class Recorded:
    """A source that went through a lossy codec; ``crf`` as x264 counts it."""

    def __init__(self, source: GraftedSource, crf: int) -> None:
        self._source, self._crf = source, crf
        self.fps, self.frames, self.grey = source.fps, source.frames, source.grey
        self.numbers, self.truth = source.numbers, source.truth

    def iterate(self, stride: int = 1):
        """Yield (index, frame) of every ``stride``-th frame."""
        frames = recorded(self._source.iterate(), "h264", self.fps, self._crf)
        return ((index, frame) for index, frame in frames if index % stride == 0)


def read_folder(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return clips (index: clip) that two annotators marked, and all annotations."""
    clips = pd.read_csv(folder / "clips.csv").set_index("clip")
    annotations = pd.read_csv(folder / "annotations.csv")
    seen = annotations.groupby("clip")["annotator"].nunique()
    return clips[clips.index.isin(seen.index[seen >= 2])], annotations


def graft_clip(
    folder: Path,
    clip: str,
    seed: int,
    work: Path,
    params: Params | None = None,
    colour: bool = False,
) -> GraftedSource:
    """Graft expressions onto one clip.

    Args:
        folder: of clips.
        clip: its name.
        seed: of the grafts; 0: none.
        work: folder for the track of the clip without grafts; taken from there when it is there.
        params: settings; the shipped ones when absent.
        colour: give frames as the clip has them, in place of grey ones.

    Raises:
        MespotError: no face is found in the clip.
    """
    clips, annotations = read_folder(folder)
    path, params = folder / clips.loc[clip, "file"], params or load_params()
    source = open_grey(path)
    track = preprocess_video(
        source, clip, work / "without", flow_sized(params), origin=origin_of(path),
        grey=True, packed=False,
    )  # fmt: skip
    if colour:
        source = open_frames(path)
    own, seconds = own_events(annotations, clip), track.frames / track.fps
    rng = np.random.default_rng([seed, zlib.crc32(clip.encode())])
    stretches = free_stretches(track, own)
    grafts = draw_grafts(rng, stretches, seconds, track.fps) if seed else []
    truth = truth_of(grafts, own, track.frames, track.fps)
    return GraftedSource(source, track, [graft.event for graft in grafts], truth)


def measure_graft(
    folder: Path, clip: str, seed: int, work: Path, params: Params, crf: int | None = None
) -> MeasuredGraft | None:
    """Measure one grafted clip as `mespot spot` does; what lies in ``work`` already is taken.

    Returns:
        None when no face is found.
    """
    clips, annotations = read_folder(folder)
    (work / "without").mkdir(parents=True, exist_ok=True)
    try:
        source = graft_clip(folder, clip, seed, work, params)
        # without room for a graft, all seeds are the clip itself
        name = f"{clip}-{seed if len(source.truth) else 0}" + ("" if crf is None else f"-crf{crf}")
        shown = source if crf is None else Recorded(source, crf)
        origin = f"{_VERSION}-{origin_of(folder / clips.loc[clip, 'file'])}-{source.truth.to_csv()}"
        faces = flow_sized(params)
        track = preprocess_video(shown, name, work, faces, origin=origin, grey=True, packed=False)
    except MespotError as error:
        print(f"{clip}: left out: {error}")
        return None
    flow, crops = params.flow, work / f"{name}{SUFFIX}"
    settings = (origin, flow.method, flow.flow_iod, flow.stretch, flow.overlap)
    digest = hashlib.sha256(repr(settings).encode()).hexdigest()[:12]
    pooled = work / f"{name}.{digest}.npz"
    if not pooled.exists():
        reader = open_crops(crops, track.size)
        write_npz(pooled, dataclasses.asdict(pool_video(reader, track, flow)))
        reader.close()
    own = own_events(annotations, clip)
    return MeasuredGraft(
        name, str(clips.loc[clip, "person"]), clip, seed, track.fps, track.frames, source.truth,
        own.left_alone, own.speech, work / f"{name}.npz", pooled, crops,
    )  # fmt: skip


def measured_grafts(
    folder: Path, clips: list[str], seeds: list[int], work: Path, params: Params,
    jobs: int = 1, crf: int | None = None,
) -> list[MeasuredGraft]:  # fmt: skip
    """Measure clips (all of the folder when there is none in the list) under several seeds."""
    clips = clips or list(read_folder(folder)[0].index)
    tasks = [(folder, clip, seeds, work, params, crf) for clip in clips]
    found = map_videos(_measure_seeds, tasks, jobs, "grafted")
    return [video for videos in found for video in videos if video is not None]


def _measure_seeds(
    folder: Path, clip: str, seeds: list[int], work: Path, params: Params, crf: int | None
) -> list[MeasuredGraft | None]:
    # one clip is one task: its seeds share the track of the clip without grafts
    return [measure_graft(folder, clip, seed, work, params, crf) for seed in seeds]


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


def report(videos: list[MeasuredGraft], params: Params, by_clip: bool = False) -> None:
    """Print how well grafts are found at the default operating point."""
    found = []
    for video in videos:
        table = find_intervals(video.signals(params.flow), params.flow)
        found.append(table[table["score"] >= DETECTED])
    everything = joined([v.judged(f) for v, f in zip(videos, found, strict=True)])
    alone = {}
    for kind in ("me", "mae"):
        parts = []
        for video, table in zip(videos, found, strict=True):
            one = dataclasses.replace(video, truth=video.truth[video.truth["type"] == kind])
            parts.append(one.judged(table[table["type"] == kind]))
        alone[kind] = joined(parts)
    minutes = sum(video.frames / video.fps for video in videos) / 60
    print_report(everything, alone, len({video.clip for video in videos}), minutes)
    if by_clip:
        print_clips(everything)


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
        report(videos, params, arguments.by_clip)


if __name__ == "__main__":
    main()
