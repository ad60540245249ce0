"""Spotting in one's own videos: from files to intervals, per-frame values and a timeline."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.core.files import write_csv, write_numbers
from mespot.core.parallel import cores
from mespot.core.progress import track
from mespot.core.timing import Timing
from mespot.core.worker_pool import WorkerPool
from mespot.crops.grey_store import CropFile
from mespot.crops.track import FaceTrack
from mespot.flow.signals import FlowSignals
from mespot.flow.states import NAMES as STATES
from mespot.params import Params
from mespot.spotting.neutral import NeutralSpan
from mespot.spotting.video import (
    Speech,
    VideoAnalysis,
    analyse_video,
    load_classifiers,
    needs_colour,
    open_for,
    with_system,
)
from mespot.video.frames import FrameSource, open_frames

if TYPE_CHECKING:
    from mespot.fusion.system import System
    from mespot.report.spot_page import SpottedPage
    from mespot.slices.score import SliceScorer

log = logging.getLogger(__name__)
COLUMNS = ("vid", "onset", "offset", "type", "score", "onset_s", "offset_s", "speech")
_SHORT = 4.0  # s, the longest expression: a video may be in one throughout
_MOST_PROCESSES = 4  # for flow, which then keeps up with the one that follows the face


REST_UNKNOWN = "rest is not known well in clips this short; give it with --neutral"


@dataclass(frozen=True)
class Input:
    """One input of ``mespot spot``.

    Attributes:
        name: ``vid`` in the results.
        path: video file or folder of frames.
        fps: frames per second where the user gave them; needed for folders.
        neutral: where the face rests, as far as the user said it.
    """

    name: str
    path: Path
    fps: float | None
    neutral: NeutralSpan | None = None


def read_inputs(words: Sequence[str], fps: float | None) -> list[Input]:
    """Interpret the inputs of the command line.

    Args:
        words: ``PATH`` or ``NAME=PATH``; without a name, the file stem or the folder name.
        fps: frames per second; needed for folders of frames.

    Raises:
        MespotError: a path that does not exist, a folder without ``fps``, a name that cannot be a
            folder name, two equal names.
    """
    inputs: dict[str, Input] = {}
    for word in words:
        name, _, rest = word.partition("=")
        path = Path(word)
        if not path.exists() and rest:
            path = Path(rest)
        else:
            name = path.resolve().name if path.is_dir() else path.stem
        if not path.exists():
            raise MespotError(f"{path}: no such file or folder")
        if path.is_dir() and fps is None:
            raise MespotError(f"{path}: a folder of frames needs --fps, frames per second")
        if not name or name in (".", "..") or "/" in name or "\\" in name:
            raise MespotError(f"{word}: name {name!r} cannot name a folder of results")
        if name in inputs:
            raise MespotError(
                f"{path}: the name {name} is taken by {inputs[name].path}, "
                f"give another one as NAME={path}"
            )
        inputs[name] = Input(name, path, fps)
    return list(inputs.values())


def with_neutral(
    inputs: Sequence[Input], span: NeutralSpan | None, table: Mapping[str, NeutralSpan]
) -> list[Input]:
    """Add to inputs what the user said about rest.

    Args:
        inputs: from ``read_inputs``.
        span: for all inputs that are not in the table.
        table: by name.

    Raises:
        MespotError: a name in the table that no input has.
    """
    names = [one.name for one in inputs]
    for name in table:
        if name not in names:
            raise MespotError(f"neutral of {name}: no such input, found {', '.join(names)}")
    return [replace(one, neutral=table.get(one.name, span)) for one in inputs]


def spot(
    inputs: Sequence[Input],
    out: Path,
    params: Params,
    system: System | None = None,
    timing: Timing | None = None,
    overlay: bool = False,
    speech: Speech = "mark",
) -> pd.DataFrame:
    """Find expressions in videos and write the results.

    Writes ``out/intervals.csv`` (``COLUMNS``; frame numbers as the input numbers them),
    ``out/report.html``, and for each input ``out/<vid>/frames.csv`` (one row per frame) and
    ``out/<vid>/timeline.png``.

    Args:
        inputs: from ``read_inputs``.
        out: folder of results.
        params: settings; ``preprocess`` and ``flow`` are read, of which a system brings its own,
            and ``jobs``, here the cores that share the work on a video (at most four on flow).
        system: fused system; without it the flow branch answers, which needs no training.
        timing: gets the CPU time of every step, and the frames.
        overlay: also write ``out/<vid>/overlay.mp4``, see ``mespot.spotting.overlay``.
        speech: what to do about it, see ``mespot.spotting.video.Speech``.

    Returns:
        what ``intervals.csv`` holds.

    Raises:
        MespotError: an input that cannot be read or whose ``neutral`` lies outside of it (before
            any work), or, after all others were done, the first one in which no face could be
            followed, or was in the ``neutral`` stretch.
    """
    params = with_system(params, system)
    for one in inputs:
        _neutral(one, open_frames(one.path, one.fps))
    out.mkdir(parents=True, exist_ok=True)
    timing = timing or Timing()
    tables, failed = [], []
    threads = cores(params.jobs)
    sizes = (min(threads, _MOST_PROCESSES), 1) if threads > 1 else (0, 0)
    with (
        _one_thread_per_call(),
        WorkerPool(sizes[0]) as workers,
        WorkerPool(sizes[1]) as drawing_pool,
    ):
        drawing_pool.warm_up(_import_drawing)  # while the face of the first video is followed
        classifiers = load_classifiers(system, params)  # torch starts threads: after the forks
        run = _Run(
            out,
            params,
            system,
            classifiers,
            timing,
            overlay,
            speech,
            threads,
            workers,
            drawing_pool,
        )
        for one in track(inputs, "videos"):
            try:
                tables.append(run.spot(one))
            except MespotError as error:
                log.error("%s: %s", one.name, error)
                failed.append(error)
                workers.cancel_pending()
        if failed and not tables:
            raise failed[0]
        empty = pd.DataFrame({name: [] for name in COLUMNS})
        table = pd.concat(tables or [empty], ignore_index=True)
        run.finish(table)
    if failed:
        raise MespotError(f"{len(failed)} of {len(inputs)} inputs failed: {failed[0]}")
    return table


@contextmanager
def _one_thread_per_call() -> Iterator[None]:
    """Keep libraries from starting threads of their own: the steps of the work run side by side.

    Those of the linear algebra would only wait, at full load: all matrices are small.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        cv2.setNumThreads(before)


@dataclass
class _Run:
    """One call of ``spot``: what all its videos share, and what is still under way."""

    out: Path
    params: Params
    system: System | None
    classifiers: SliceScorer | None
    timing: Timing
    overlay: bool
    speech: Speech
    threads: int
    workers: WorkerPool
    drawing_pool: WorkerPool
    shown: list[SpottedPage] = field(default_factory=list)
    drawn: list[Callable[[], float]] = field(default_factory=list)
    restless: list[str] = field(default_factory=list)

    def spot(self, one: Input) -> pd.DataFrame:
        """Work on one video and write its own files; returns its rows of ``intervals.csv``."""
        folder, timing = self.out / one.name, self.timing
        folder.mkdir(parents=True, exist_ok=True)
        # workers hold the last file of crops open: some network drives mind that
        with tempfile.TemporaryDirectory(
            prefix=".work-", dir=folder, ignore_cleanup_errors=True
        ) as name:
            source = open_for(self.system)(one.path, one.fps, self.threads)
            crops = CropFile(Path(name), one.name, needs_colour(self.system))
            found = analyse_video(
                source, one.name, crops, self.params, self.system, self.classifiers,
                timing=timing, workers=self.workers, sound=one.path,
                neutral=_neutral(one, source), speech=self.speech,
            )  # fmt: skip
            numbers = frame_numbers(source, found.face.frames)
            chosen, face, signals = found.intervals, found.face, found.signals
            picture = folder / "timeline.png", signals, chosen, one.name, face.fps
            self.drawn.append(self.drawing_pool.submit(_draw, *picture, self.params.flow.threshold))
            if len(self.shown) < self.params.report.page.videos:
                with timing.step("results"):
                    self._show(one.name, found, crops, numbers)
        timing.frames += face.frames
        if one.neutral is None and face.frames / face.fps < _SHORT:
            log.info("%s: %s", one.name, REST_UNKNOWN)
            self.restless.append(one.name)
        if self.overlay:
            with timing.step("overlay"):
                from mespot.spotting.overlay import write_overlay

                frames = open_frames(one.path, one.fps, self.threads)
                write_overlay(folder / "overlay.mp4", frames, face, signals, chosen)
        with timing.step("results"):
            write_numbers(folder / "frames.csv", frame_table(face, signals, chosen, numbers))
        return interval_table(one.name, found, numbers)

    def finish(self, table: pd.DataFrame) -> None:
        """Write what all videos share, and wait for their pictures."""
        write_csv(self.out / "intervals.csv", table)
        with self.timing.step("results"):
            from mespot.report.spot_page import write_spot_page  # plotly: not before it draws

            system = self.system
            by = "optical-flow branch" if system is None else f"fused system {system.folder}"
            page = self.params.report.page
            file, remarks = self.out / "report.html", self._remarks()
            write_spot_page(file, table, self.shown, f"the {by}", page, remarks)
        for wait in self.drawn:
            self.timing.add("results", wait())

    def _remarks(self) -> list[str]:
        """What the page says about rest, and about speech that it leaves out."""
        remarks = []
        if self.restless:
            remarks.append(f"{', '.join(self.restless)}: {REST_UNKNOWN}.")
        if self.speech == "drop":
            remarks.append("Intervals of which more than half is spoken are left out.")
        return remarks

    def _show(self, name: str, found: VideoAnalysis, crops: CropFile, numbers: np.ndarray) -> None:
        """Prepare a video's part of the page, which shows its crops."""
        from mespot.report.spot_page import spotted_page
        from mespot.report.video import VideoView

        with closing(crops.open(found.face.size)) as reader:
            view = VideoView(name, found.signals, found.intervals, None, reader, numbers)
            page = spotted_page(view, self.params.flow.threshold, self.params.report)
        self.shown.append(page)


def _import_drawing() -> None:
    import mespot.plots.timeline  # noqa: F401  matplotlib takes half a second


def _draw(
    path: Path, signals: FlowSignals, chosen: pd.DataFrame, title: str, fps: float, threshold: float
) -> float:
    """Draw the timeline; returns the CPU time of that, s."""
    from mespot.plots.timeline import draw_timeline  # matplotlib: not before it draws

    start = time.thread_time()
    draw_timeline(path, signals, chosen, title=title, fps=fps, threshold=threshold)
    return time.thread_time() - start


def interval_table(name: str, found: VideoAnalysis, numbers: np.ndarray) -> pd.DataFrame:
    """Return the intervals of a video as ``intervals.csv`` has them.

    Args:
        name: ``vid``.
        found: from ``analyse_video``.
        numbers: (frames,) the input's own frame numbers.

    Returns:
        ``COLUMNS``: onset and offset numbered as the input does, and in seconds.
    """
    chosen, fps = found.intervals, found.face.fps
    onset = chosen["onset"].to_numpy(dtype=np.int64)
    offset = chosen["offset"].to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "vid": name,
            "onset": numbers[onset],
            "offset": numbers[offset],
            "type": chosen["type"],
            "score": chosen["score"].round(4),
            "onset_s": (onset / fps).round(4),
            "offset_s": (offset / fps).round(4),
            "speech": chosen["speech"].round(4),
        },
        columns=list(COLUMNS),
    )


def frame_table(
    face: FaceTrack, signals: FlowSignals, chosen: pd.DataFrame, numbers: np.ndarray
) -> pd.DataFrame:
    """One row per source frame: face, intervals and flow signals.

    Frames between two analysed ones (fast videos are thinned) take interpolated signals.

    Args:
        face: alignment of the video.
        signals: flow signals of the video.
        chosen: the intervals found, source frames.
        numbers: (frames,) the input's own frame numbers.

    Returns:
        columns ``frame, timestamp, success, confidence``, then ``me`` and ``mae`` (highest score of
        an interval of that type that holds the frame, 0 outside), ``speech`` (probability),
        ``strength`` (noise SDs), ``blink``, ``head_motion`` (IOD/s), ``residual``,
        ``flow_confidence``, ``yaw`` and ``pitch`` (degrees from the usual pose), ``disturbed`` (0
        to 1), a column of 0 and 1 for each state of ``mespot.flow.states`` but the blink, and, per
        region, ``<region>_x`` and ``<region>_y`` (IOD, right and down).
    """
    frame = np.arange(face.frames)
    nearest = (
        np.abs(frame[:, None] - face.frame[None, :]).argmin(axis=1)
        if len(face.frame) < 2
        else _nearest(face.frame, frame)
    )
    columns: dict[str, np.ndarray] = {
        "frame": numbers,
        "timestamp": frame / face.fps,
        "success": face.success[nearest].astype(int),
        "confidence": face.confidence[nearest],
    }
    for kind in TYPES:
        columns[kind] = np.zeros(face.frames)
        for row in chosen[chosen["type"] == kind].itertuples():
            held = columns[kind][row.onset : row.offset + 1]
            np.maximum(held, row.score, out=held)
    for name in ("speech", "strength", "blink", "head_motion", "residual"):
        columns[name] = np.interp(frame, signals.frame, getattr(signals, name))
    columns["flow_confidence"] = np.interp(frame, signals.frame, signals.confidence)
    for name, values in zip(("yaw", "pitch"), signals.angles.T, strict=True):
        columns[name] = np.interp(frame, signals.frame, values)
    columns["disturbed"] = np.interp(frame, signals.frame, signals.disturbed)
    for name, held in zip(STATES, signals.states.T, strict=True):
        if name != "blink":  # which has a column of how far the eyes are closed
            columns[name] = held[nearest].astype(int)
    for index, region in enumerate(signals.regions):
        for axis, letter in enumerate("xy"):
            values = signals.displacement[:, index, axis]
            columns[f"{region}_{letter}"] = np.interp(frame, signals.frame, values)
    return pd.DataFrame(columns)


def _nearest(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    right = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
    left = right - 1
    return np.where(wanted - known[left] <= known[right] - wanted, left, right)


def _neutral(one: Input, source: FrameSource) -> tuple[float, float] | None:
    """Start and end, s, of the stretch in which the user says that the face rests."""
    if one.neutral is None:
        return None
    try:
        return one.neutral.seconds(source.fps, np.asarray(source.numbers))
    except MespotError as error:
        raise MespotError(f"{one.path}: {error}") from error


def frame_numbers(source: FrameSource, frames: int) -> np.ndarray:
    """Return the source's own numbers (frames,) of its frames; counted from 0 without any."""
    numbers = np.asarray(source.numbers) if source.numbers is not None else np.arange(frames)
    return numbers[:frames] if len(numbers) >= frames else np.arange(frames)
