"""Grafted clips, and what dense flow measures in them, kept in a work folder.

Settings and grafts tell what is kept apart; changed code of tracking or flow needs a new folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from graft import GraftedSource
from graft_score import Judged, judge
from graft_script import Own, draw_grafts, free_stretches, own_events, truth_of
from portraits import recorded

from mespot.core.errors import MespotError
from mespot.core.files import read_npz, write_npz
from mespot.core.parallel import map_videos
from mespot.crops.grey_store import SUFFIX, open_crops
from mespot.crops.track import FaceTrack
from mespot.faces.preprocess import origin_of, preprocess_video
from mespot.flow.pooling import RegionFlow, pool_video
from mespot.flow.refine import refine
from mespot.flow.signals import FlowSignals
from mespot.params import Params, load_params
from mespot.params.flow import FlowParams
from mespot.spotting.video import flow_sized
from mespot.video.frames import open_frames
from mespot.video.grey_frames import open_grey

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
        return refine(RegionFlow(**read_npz(self.pooled)), FaceTrack.load(self.track), flow)

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

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
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
    settings = (origin, flow.flow_iod, flow.stretch, flow.overlap)
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
    """Measure clips (all of the folder when there is none in the list) under several seeds.

    A second process that measures into the same ``work`` waits until the first is done.
    """
    clips = clips or list(read_folder(folder)[0].index)
    tasks = [(folder, clip, seeds, work, params, crf) for clip in clips]
    work.mkdir(parents=True, exist_ok=True)
    with FileLock(work / "lock"):
        found = map_videos(_measure_seeds, tasks, jobs, "grafted")
    return [video for videos in found for video in videos if video is not None]


def _measure_seeds(
    folder: Path, clip: str, seeds: list[int], work: Path, params: Params, crf: int | None
) -> list[MeasuredGraft | None]:
    # one clip is one task: its seeds share the track of the clip without grafts
    return [measure_graft(folder, clip, seed, work, params, crf) for seed in seeds]
