"""One video through the whole of mespot: faces, flow, and the fused system where one is given.

``mespot spot``, ``mespot submit``, the served model and ``mespot.analyse`` all come through
``analyse_video``. The stages preprocess and flow of the pipeline call its two halves,
``follow_face`` and ``flow_video``, with the crop archive between them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import ValidationError

from mespot.core.errors import MespotError
from mespot.core.timing import Timing
from mespot.core.worker_pool import WorkerPool
from mespot.crops.archive import CropReader
from mespot.crops.grey_store import CropFile, GreyReader
from mespot.crops.track import FaceTrack
from mespot.faces.alignment import AlignedCrop
from mespot.faces.preprocess import follow_face
from mespot.flow.branch import flow_video
from mespot.flow.pooling import Pooling, RegionFlow, StartMeasuring
from mespot.flow.remote import measured_by
from mespot.flow.signals import FlowSignals
from mespot.params import Params
from mespot.params.flow import FlowParams
from mespot.params.preprocess import PreprocessParams
from mespot.speech.share import speech_share
from mespot.speech.voice import hear
from mespot.video.frames import FrameSource, open_frames
from mespot.video.grey_frames import open_grey

if TYPE_CHECKING:
    from mespot.fusion.system import System
    from mespot.slices.score import SliceScorer

log = logging.getLogger(__name__)
DETECTED = 0.5  # score from which on an interval of the flow branch alone counts
Speech = Literal["expressions", "mark", "drop"]
"""What to do about speech: search as if nobody spoke, know and mark it, or also leave out
intervals of which more than half is spoken."""
_MOSTLY = 0.5  # share of an interval
_SECTIONS = ("preprocess", "flow", "slices", "grid", "fuse")


@dataclass(frozen=True)
class VideoAnalysis:
    """What was found in a video, and from what.

    Attributes:
        intervals: columns of ``INTERVAL_COLUMNS`` at least, 0-based inclusive frames, sorted by
            onset, offset, type; and ``speech``, the share of its frames in which the person speaks.
        face: alignment.
        signals: flow signals.
        flow: all intervals of the flow branch, whatever their score.
    """

    intervals: pd.DataFrame
    face: FaceTrack
    signals: FlowSignals
    flow: pd.DataFrame


def with_system(params: Params, system: System | None) -> Params:
    """Return the settings to spot with: a system brings those that it was built with.

    Raises:
        MespotError: the system's settings are not those of this version of mespot.
    """
    if system is None:
        return params
    try:
        sections = {name: system.params[name] for name in _SECTIONS}
        return params.model_validate({**params.model_dump(), **sections})
    except (KeyError, ValidationError) as error:
        key = str(error) if isinstance(error, KeyError) else _key(error)
        raise MespotError(
            f"{system.folder / 'system.json'}: params: {key} does not fit this version of mespot, "
            "expected a system that this one has built (`mespot fuse`)"
        ) from error


def needs_colour(system: System | None) -> bool:
    """Tell whether anything looks at colour: classifiers may, the flow branch does not."""
    return system is not None and system.member != "flow"


def flow_sized(params: Params) -> PreprocessParams:
    """Return settings of crops for the flow branch alone: cut at the size at which it works."""
    size = round(params.flow.flow_iod / params.preprocess.crop_iod)
    return params.preprocess.model_copy(update={"crop_size": size})


def _key(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.errors()[0]["loc"])


def load_classifiers(system: System | None, params: Params) -> SliceScorer | None:
    """Load what a system scores slices with, once for all videos; None where none is asked."""
    if not needs_colour(system):
        return None
    from mespot.slices.score import SliceScorer  # torch: not without a system

    granularities = _granularities(system)
    folders = [system.classifier(granularity) for granularity in granularities]
    return SliceScorer(folders, "all", params.slices.batch)


def open_for(system: System | None) -> Callable[..., FrameSource]:
    """Return what opens videos for ``analyse_video``: brightness is enough without classifiers."""
    return open_frames if needs_colour(system) else open_grey


def analyse_video(
    source: FrameSource,
    name: str,
    crops: CropFile,
    params: Params,
    system: System | None = None,
    classifiers: SliceScorer | None = None,
    timing: Timing | None = None,
    workers: WorkerPool | None = None,
    sound: Path | None = None,
    neutral: tuple[float, float] | None = None,
    speech: Speech = "mark",
) -> VideoAnalysis:
    """Find the expressions of one video: frames in, track, signals and intervals out.

    Nothing is read back from an earlier call, and nothing but the crops is written: whoever calls
    this keeps what it wants to keep.

    Args:
        source: frames of the video, from ``open_for``.
        name: ``video`` of the intervals.
        crops: gets the crops; with ``colour`` where the system needs it.
        params: settings, from ``with_system``.
        system: fused system; without it the flow branch answers.
        classifiers: of the system, from ``load_classifiers``.
        timing: gets the CPU time of every step.
        workers: processes that share the work on the video; the result is the same.
        sound: file of the video, whose sound track tells voice; None looks at the lips alone.
        neutral: start and end, s, of a stretch in which the face rests, see ``refine``.
        speech: see ``Speech``.

    Raises:
        MespotError: the source cannot be read, no face can be followed in it, or there is none in
            the ``neutral`` stretch.
    """
    colour, timing, workers = crops.colour, timing or Timing(), workers or WorkerPool()
    faces = params.preprocess if colour else flow_sized(params)
    heard = None  # while the face is followed
    if sound is not None and sound.is_file() and source.frames:
        heard = workers.submit(hear, str(sound), source.fps, source.frames)
    begin = measured_by(workers, str(crops.path), timing)
    with closing(_StreamingFlow(crops, source.fps, faces, params.flow, timing, begin)) as streaming:
        with crops.writer(faces.jpg_quality) as writer:
            face, _ = follow_face(
                source, name, writer, faces, grey=not colour,
                watch=None if colour else streaming.on_crop, timing=timing,
            )  # fmt: skip
        pooled = streaming.finish()
    voice = None
    if heard is not None:
        voice, seconds = heard()
        timing.add("voice", seconds)
    with closing(crops.open(face.size)) as reader:
        signals, flow = flow_video(
            reader, face, params.flow, timing, begin, pooled,
            voice=voice, neutral=neutral, mind_speech=speech != "expressions",
        )  # fmt: skip
        flow = flow.assign(video=name)
        if system is None:
            chosen = flow[flow["score"] >= DETECTED]
        elif classifiers is None:
            chosen = _flow_alone(name, flow, system)
        else:
            seen = reader
            if classifiers.input == "motion":
                from mespot.flow.motion import motion_of, motion_shape

                seen = motion_of(reader, face, crops.scratch(motion_shape(face), np.int16))
            chosen = _fused(name, face, flow, signals, seen, params, system, classifiers)
    chosen = chosen.sort_values(["onset", "offset", "type"], ignore_index=True)
    spoken = np.interp(np.arange(face.frames), signals.frame, signals.speech)
    ends = (chosen[end].to_numpy(dtype=np.int64) for end in ("onset", "offset"))
    chosen = chosen.assign(speech=speech_share(spoken, *ends))
    if speech == "drop":
        chosen = chosen[chosen["speech"] <= _MOSTLY].reset_index(drop=True)
    return VideoAnalysis(chosen, face, signals, flow)


class _StreamingFlow:
    """Has flow measured, stretch by stretch, while the face is still being followed."""

    def __init__(
        self,
        crops: CropFile,
        fps: float,
        faces: PreprocessParams,
        params: FlowParams,
        timing: Timing,
        begin: StartMeasuring | None,
    ) -> None:
        self._crops, self._fps, self._faces, self._params = crops, fps, faces, params
        self._timing, self._begin = timing, begin
        self._reader: GreyReader | None = None
        self._pooling: Pooling | None = None

    def on_crop(self, crop: AlignedCrop) -> None:
        """Take note of a crop that is stored."""
        if self._reader is None:
            size = self._faces.crop_size
            self._reader = self._crops.open(size, growing=True)
            self._pooling = Pooling(
                self._reader, self._faces.crop_iod * size, size, self._params, self._timing,
                self._begin,
            )  # fmt: skip
        self._pooling.add(crop.frame / self._fps, crop.success, crop.landmarks)

    def finish(self) -> RegionFlow | None:
        """Return what was measured; None when no crop was seen."""
        return self._pooling.finish() if self._pooling else None

    def close(self) -> None:
        """Close the file of crops."""
        if self._reader is not None:
            self._reader.close()


def _granularities(system: System) -> list[float]:
    return sorted({setting.granularity for setting in system.settings.values()})


def _flow_alone(name: str, flow: pd.DataFrame, system: System) -> pd.DataFrame:
    # read here: without a system they are not needed, and take a fifth of a second
    from mespot.fusion.calibration import calibrated
    from mespot.fusion.operating_point import above

    log.info("%s: this system's search chose the flow branch alone", name)
    return calibrated(above(flow, system.thresholds), system.sigmoids)


def _fused(
    name: str,
    face: FaceTrack,
    flow: pd.DataFrame,
    signals: FlowSignals,
    seen: CropReader | np.ndarray,
    params: Params,
    system: System,
    classifiers: SliceScorer,
) -> pd.DataFrame:
    from mespot.fusion.evidence import video_evidence
    from mespot.search.model_branch import SliceScores
    from mespot.slices.gate import Gate

    lengths = sorted({length for one in system.settings.values() for length in one.lengths})
    gate = Gate(signals.time, signals.strength, params.slices.gate)
    seconds, step = face.frames / face.fps, params.slices.step
    scored = classifiers.score_crops(face.time, seen, seconds, lengths, step, gate)
    slices = {
        length: SliceScores(length, *part) for length, part in zip(lengths, scored, strict=True)
    }
    evidence = video_evidence(
        name,
        face.fps,
        face.frames,
        flow,
        signals,
        slices,
        _granularities(system),
        system.settings,
        system.grid,
        system.fuse.margin,
    )
    return system.answer(evidence)
