"""Spotting in one's own videos: from files to intervals, per-frame values and a timeline."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mespot.core.errors import MespotError
from mespot.core.files import write_csv, write_numbers
from mespot.core.parallel import cores
from mespot.core.progress import track
from mespot.core.timing import Timing
from mespot.core.worker_pool import WorkerPool
from mespot.crops.grey_store import CropFile
from mespot.flow.signals import FlowSignals
from mespot.params import Params
from mespot.spotting.inputs import Input
from mespot.spotting.tables import COLUMNS, frame_numbers, frame_table, interval_table
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
_SHORT = 4.0  # s, the longest expression: a video may be in one throughout
_MOST_PROCESSES = 4  # for flow, which then keeps up with the one that follows the face
REST_UNKNOWN = "rest is not known well in clips this short; give it with --neutral"


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


def _neutral(one: Input, source: FrameSource) -> tuple[float, float] | None:
    """Start and end, s, of the stretch in which the user says that the face rests."""
    if one.neutral is None:
        return None
    try:
        return one.neutral.seconds(source.fps, np.asarray(source.numbers))
    except MespotError as error:
        raise MespotError(f"{one.path}: {error}") from error
