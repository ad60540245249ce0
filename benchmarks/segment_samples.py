"""Stretches of real, grafted and rendered videos with what they are, to fit and measure scorers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from graft_measure import MeasuredGraft, measured_grafts, read_folder
from joblib import Parallel, delayed
from real_truth import ClipTruth, read_truth
from rendered import KINDS, RenderedSource, measure_video

from mespot.core.events import iou_matrix
from mespot.core.files import read_npz
from mespot.crops.track import FaceTrack
from mespot.flow.intervals import described
from mespot.flow.pooling import RegionFlow
from mespot.flow.refine import refine
from mespot.flow.signals import FlowSignals
from mespot.params import Params
from mespot.speech.voice import voice_activity

LONGEST_ME = 0.5  # s
_SCALES = (0.75, 1.35)  # of movements and times


@dataclass(frozen=True)
class Samples:
    """Stretches of one video, n of them.

    Attributes:
        video: its name.
        person: who is seen.
        fps: frames per second.
        names: of the features.
        rows: (n, F) float32 features.
        first: (n,) first source frame.
        last: (n,) last source frame, inclusive.
        iou: (n,) with the event that each is most like.
        event: (n,) its index; -1 without events.
        brief_iou: (n,) with the most alike event of at most half a second.
        excused: (n,) share that lies on what counts neither way.
    """

    video: str
    person: str
    fps: float
    names: tuple[str, ...]
    rows: np.ndarray
    first: np.ndarray
    last: np.ndarray
    iou: np.ndarray
    event: np.ndarray
    brief_iou: np.ndarray
    excused: np.ndarray

    def part(self, chosen: np.ndarray) -> Samples:
        """Return some of the stretches."""
        names = ("rows", "first", "last", "iou", "event", "brief_iou", "excused")
        return dataclasses.replace(self, **{name: getattr(self, name)[chosen] for name in names})


def samples_of(
    signals: FlowSignals, params: Params, video: str, person: str, events: np.ndarray,
    brief: np.ndarray, excused: np.ndarray,
) -> Samples:  # fmt: skip
    """Describe the stretches of one video.

    Args:
        signals: of the video.
        params: section ``flow`` is read.
        video: name.
        person: who is seen.
        events: (e, 2) frames, inclusive.
        brief: (e,) bool, which of them count as micro-expressions.
        excused: (m, 2) frames that count neither way.
    """
    stretches, features = described(signals, params.flow)
    first = np.asarray(signals.frame)[stretches.first]
    last = np.asarray(signals.frame)[stretches.last]
    spans = np.stack([first, last], axis=1).astype(float)
    share = iou_matrix(spans, np.asarray(events, dtype=float).reshape(-1, 2))  # (n, e)
    has = share.shape[1] > 0
    on = np.zeros(signals.frames + 2)
    for begin, end in np.asarray(excused, dtype=float).reshape(-1, 2):
        on[max(0, int(np.floor(begin))) : int(np.ceil(end)) + 1] = 1.0
    total = np.concatenate([[0.0], np.cumsum(on)])
    return Samples(
        video=video,
        person=person,
        fps=signals.fps,
        names=features.names,
        rows=features.describe(stretches, features.names),
        first=first,
        last=last,
        iou=share.max(axis=1) if has else np.zeros(len(first)),
        event=share.argmax(axis=1) if has else np.full(len(first), -1),
        brief_iou=share[:, brief].max(axis=1, initial=0.0),
        excused=(total[last + 1] - total[first]) / (last - first + 1),
    )


def real_samples(folder: Path, work: Path, params: Params, jobs: int) -> list[Samples]:
    """Samples of all real clips in which a face was found."""
    truth, clips = read_truth(folder), read_folder(folder)[0]
    measured = measured_grafts(folder, [], [0], work, params, jobs)
    tasks = (
        delayed(_real)(video, truth[video.clip], folder / clips.loc[video.clip, "file"], params)
        for video in measured
    )
    return Parallel(jobs)(tasks)


def varied_samples(folder: Path, work: Path, params: Params, seed: int, jobs: int) -> list[Samples]:
    """Samples of all real clips with movements and times scaled at random, for variety."""
    truth, clips = read_truth(folder), read_folder(folder)[0]
    measured = measured_grafts(folder, [], [0], work, params, jobs)
    scales = np.exp(
        np.random.default_rng(seed).uniform(np.log(_SCALES[0]), np.log(_SCALES[1]), (len(clips), 2))
    )
    place = {clip: number for number, clip in enumerate(clips.index)}
    tasks = (
        delayed(_real)(
            video, truth[video.clip], folder / clips.loc[video.clip, "file"], params,
            tuple(scales[place[video.clip]]),
        )
        for video in measured
    )  # fmt: skip
    return Parallel(jobs)(tasks)


def heard_signals(video: MeasuredGraft, file: Path, params: Params) -> FlowSignals:
    """Signals of a clip with its sound, as ``mespot spot`` makes them."""
    track = FaceTrack.load(video.track)
    voice = voice_activity(file, track.fps, track.frames)
    return refine(RegionFlow(**read_npz(video.pooled)), track, params.flow, voice)


def _real(
    video: MeasuredGraft, truth: ClipTruth, file: Path, params: Params,
    scales: tuple[float, float] = (1.0, 1.0),
) -> Samples:  # fmt: skip
    signals = heard_signals(video, file, params)
    larger, slower = scales
    if scales != (1.0, 1.0):
        signals = dataclasses.replace(
            signals,
            displacement=(signals.displacement * larger).astype(np.float32),
            noise=(signals.noise * larger).astype(np.float32),
            time=signals.time * slower,
            head_motion=(signals.head_motion / slower).astype(np.float32),
            fps=signals.fps / slower,
        )
    excused = np.concatenate([truth.free, truth.other])
    brief = truth.types() == "me"
    return samples_of(signals, params, video.clip, video.person, truth.must, brief, excused)


def graft_samples(
    folder: Path, seeds: Sequence[int], work: Path, params: Params, jobs: int
) -> tuple[list[Samples], list[MeasuredGraft]]:
    """Samples of all clips with grafts, and the videos."""
    clips = read_folder(folder)[0]
    found = measured_grafts(folder, [], list(seeds), work, params, jobs)
    found = [video for video in found if len(video.truth)]
    tasks = (
        delayed(_graft)(video, folder / clips.loc[video.clip, "file"], params) for video in found
    )
    return Parallel(jobs)(tasks), found


def _graft(video: MeasuredGraft, file: Path, params: Params) -> Samples:
    signals = heard_signals(video, file, params)
    events = video.truth[["onset", "offset"]].to_numpy()
    brief = (video.truth["type"] == "me").to_numpy()
    return samples_of(signals, params, video.name, video.person, events, brief, video.left_alone)


def rendered_samples(
    levels: Sequence[str], seeds: Sequence[int], work: Path, params: Params, jobs: int
) -> tuple[list[Samples], dict[str, pd.DataFrame]]:
    """Samples of rendered videos, and their true events by video."""
    tasks = [(level, kind, seed) for seed in seeds for level in levels for kind in KINDS]
    found = Parallel(jobs)(delayed(_rendered)(*task, work, params) for task in tasks)
    return [samples for samples, _ in found], {samples.video: truth for samples, truth in found}


def _rendered(
    level: str, kind: str, seed: int, work: Path, params: Params
) -> tuple[Samples, pd.DataFrame]:
    name = f"{level}_{kind}_{seed}"
    measured = measure_video(RenderedSource(level, kind, seed), name, seed, work, params, grey=True)
    events, brief = measured.truth[["onset", "offset"]].to_numpy(), measured.truth["type"] == "me"
    person, none = f"rendered {seed}", np.zeros((0, 2))
    samples = samples_of(measured.signals, params, name, person, events, brief.to_numpy(), none)
    return samples, measured.truth


def near_events(samples: Samples, video: MeasuredGraft) -> Samples:
    """Keep the stretches that touch a graft: those of the clip itself come with the clip."""
    events = video.truth[["onset", "offset"]].to_numpy()
    begin, end = samples.first[:, None], samples.last[:, None]
    touch = (np.minimum(end, events[:, 1]) >= np.maximum(begin, events[:, 0])).any(axis=1)
    return samples.part(touch)
