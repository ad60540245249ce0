"""The flow branch on whole videos and data sets: crops in, signals and intervals out."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.files import write_csv
from mespot.core.fingerprint import Resume
from mespot.core.parallel import map_videos
from mespot.core.timing import Timing
from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack
from mespot.flow.intervals import empty_table, find_intervals
from mespot.flow.measurer import Crops
from mespot.flow.pooling import RegionFlow, StartMeasuring, pool_video
from mespot.flow.refine import refine
from mespot.flow.signals import FlowSignals
from mespot.params.flow import FlowParams


def flow_video(
    crops: Crops,
    track: FaceTrack,
    params: FlowParams,
    timing: Timing | None = None,
    begin: StartMeasuring | None = None,
    pooled: RegionFlow | None = None,
    voice: np.ndarray | None = None,
    neutral: tuple[float, float] | None = None,
    mind_speech: bool = True,
) -> tuple[FlowSignals, pd.DataFrame]:
    """Measure one video and find its intervals.

    Args:
        crops: aligned crops; not read where ``pooled`` is given.
        track: their alignment.
        params: section ``flow``.
        timing: gets the steps crops, flow, pooling and signals.
        begin: has crops measured by other processes, see ``mespot.flow.remote.measured_by``; the
            result is the same.
        pooled: what flow measured, where that was done while the face was followed.
        voice: see ``refine``.
        neutral: see ``refine``.
        mind_speech: whether intervals are found in the light of the signals' speech; otherwise as
            if nobody spoke. The signals that are returned tell the speech all the same.

    Returns:
        the signals, and what ``find_intervals`` gives.

    Raises:
        MespotError: see ``refine``.
    """
    timing = timing or Timing()
    pooled = pooled or pool_video(crops, track, params, timing, begin)
    with timing.step("signals"):
        signals = refine(pooled, track, params, voice, neutral)
        heeded = signals
        if not mind_speech:
            heeded = dataclasses.replace(signals, speech=np.zeros_like(signals.speech))
        # without what the strength was made from, which is large in a long video
        return dataclasses.replace(signals), find_intervals(heeded, params)


def flow_dataset(
    faces_dir: str | os.PathLike[str],
    videos: Sequence[str],
    out_dir: str | os.PathLike[str],
    work_dir: str | os.PathLike[str],
    params: FlowParams,
    jobs: int,
) -> pd.DataFrame:
    """Run the flow branch on all videos of a data set; an interrupted run goes on where it stopped.

    Args:
        faces_dir: holds ``<video>.zip`` and ``<video>.npz`` of every video.
        videos: names of the videos.
        out_dir: gets ``<video>.npz`` (``FlowSignals``) and ``intervals.csv``.
        work_dir: holds finished videos until all are done; it belongs to exactly these crops.
        params: section ``flow``.
        jobs: processes, 0 = all cores.

    Returns:
        what ``intervals.csv`` holds: all intervals, in the order of ``videos``.
    """
    out_dir, work_dir = Path(out_dir), Path(work_dir)
    tasks = [(str(faces_dir), str(name), str(work_dir), params) for name in videos]
    tables = [pd.DataFrame(rows) for rows in map_videos(_flow_task, tasks, jobs, "flow") if rows]
    columns = empty_table().columns
    table = pd.concat(tables, ignore_index=True)[columns] if tables else empty_table()
    out_dir.mkdir(parents=True, exist_ok=True)
    for name in videos:
        shutil.move(work_dir / f"{name}.npz", out_dir / f"{name}.npz")
        Resume(work_dir).forget(name)
    write_csv(out_dir / "intervals.csv", table)
    return table


def _flow_task(faces_dir: str, video: str, work_dir: str, params: FlowParams) -> list[dict]:
    """One video, unless it is already there; the rows of its table, as plain values."""
    resume = Resume(Path(work_dir), ("crops", "faces", "flow", "speech"))
    signals_file, key = Path(work_dir, f"{video}.npz"), resume.key(params.model_dump())
    rows = resume.done(video, key, signals_file)
    if rows is not None:
        return rows
    track = FaceTrack.load(Path(faces_dir, f"{video}.npz"))
    with closing(CropReader(Path(faces_dir, f"{video}.zip"))) as crops:
        signals, table = flow_video(crops, track, params)
    signals.save(signals_file)
    return resume.finish(video, key, table.assign(video=video).to_dict("records"))
