"""The flow branch on whole videos and data sets: crops in, signals and intervals out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.crew import Crew
from mespot.faces.grey_store import open_crops
from mespot.faces.timing import Timing
from mespot.faces.track import FaceTrack
from mespot.files import read_json, write_csv, write_json
from mespot.fingerprint import hash_path
from mespot.flow.apart import measured_by
from mespot.flow.intervals import empty_table, find_intervals
from mespot.flow.pooling import Pooled, pool_video
from mespot.flow.signals import refine
from mespot.parallel import map_videos
from mespot.params.flow import FlowParams

_VERSION = 7  # of the algorithm: a change makes finished videos stale


def flow_video(
    crops_path: str | os.PathLike[str],
    track_path: str | os.PathLike[str],
    out_path: str | os.PathLike[str],
    params: FlowParams,
    timing: Timing | None = None,
    crew: Crew | None = None,
    pooled: Pooled | None = None,
    voice: np.ndarray | None = None,
    neutral: tuple[float, float] | None = None,
    mind_speech: bool = True,
) -> pd.DataFrame:
    """Measure one video and find its intervals.

    Args:
        crops_path: aligned crops, an archive or a file of ``mespot.faces.grey_store``.
        track_path: npz of their ``FaceTrack``.
        out_path: npz that gets the ``FlowSignals``.
        params: section ``flow``.
        timing: gets the steps crops, flow, pooling and signals.
        crew: processes that measure crops side by side; the result is the same.
        pooled: what flow measured, where that was done while the face was followed.
        voice: see ``refine``.
        neutral: see ``refine``.
        mind_speech: whether intervals are found in the light of the signals' speech; otherwise as
            if nobody spoke. What is saved tells the speech all the same.

    Returns:
        what ``find_intervals`` gives, with ``video`` = name of the archive.

    Raises:
        MespotError: when the archive or the track cannot be read; see also ``refine``.
    """
    timing = timing or Timing()
    track = FaceTrack.load(track_path)
    path = Path(crops_path)
    reader = open_crops(path, track.size)
    begin = measured_by(crew, str(path), params.method, timing) if crew else None
    try:
        pooled = pooled or pool_video(reader, track, params, timing, begin)
    finally:
        reader.close()
    with timing.step("signals"):
        signals = refine(pooled, track, params, voice, neutral)
        signals.save(out_path)
        if not mind_speech:
            signals = dataclasses.replace(signals, speech=np.zeros_like(signals.speech))
        return find_intervals(signals, params).assign(video=path.stem)


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
        work_dir: holds finished videos until all are done.
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
        (work_dir / f"{name}.json").unlink()
    write_csv(out_dir / "intervals.csv", table)
    return table


def _flow_task(faces_dir: str, video: str, work_dir: str, params: FlowParams) -> list[dict]:
    """One video, unless it is already there; the rows of its table, as plain values."""
    crops, track = Path(faces_dir, f"{video}.zip"), Path(faces_dir, f"{video}.npz")
    signals, done = Path(work_dir, f"{video}.npz"), Path(work_dir, f"{video}.json")
    identity = [_VERSION, hash_path(crops), hash_path(track), params.model_dump()]
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    if done.exists() and signals.exists():
        stored = read_json(done)
        if stored["key"] == key:
            return stored["rows"]
    done.unlink(missing_ok=True)
    rows = flow_video(crops, track, signals, params).to_dict("records")
    # written last: without it the video counts as not done; read back, so that a fresh and a
    # resumed run hand on the same digits
    write_json(done, {"key": key, "rows": rows})
    return read_json(done)["rows"]
