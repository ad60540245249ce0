"""Preprocessing of videos: crops, face tracks and a table per data set."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.files import read_json, write_csv
from mespot.core.fingerprint import Resume
from mespot.core.parallel import map_videos
from mespot.core.timing import Timing
from mespot.crops.archive import CropWriter
from mespot.crops.grey_store import SUFFIX, GreyWriter
from mespot.crops.track import FaceTrack, typical_landmarks
from mespot.faces.alignment import AlignedCrop, FrameSource, align_video, stride_of
from mespot.faces.detector import FaceDetector
from mespot.faces.geometry import pose_of, scale_of
from mespot.faces.landmarks import RIGID, crop_anchor
from mespot.faces.usable import Light, check_usable
from mespot.params.preprocess import PreprocessParams

log = logging.getLogger(__name__)
_COLUMNS = ("frames", "crops", "face_share", "confidence_mean", "iod_px", "residual")


class CropSink(Protocol):
    """What takes the crops of a video, one after the other."""

    def append(self, crop: np.ndarray) -> None:
        """Add a crop, uint8 (S, S, 3) RGB or (S, S) grey."""


def follow_face(
    source: FrameSource,
    video_id: str,
    crops: CropSink,
    params: PreprocessParams,
    detector: FaceDetector | None = None,
    *,
    grey: bool = False,
    watch: Callable[[AlignedCrop], None] | None = None,
    timing: Timing | None = None,
) -> tuple[FaceTrack, float]:
    """Follow the face of a video and cut its aligned crops.

    Args:
        source: frames of the video.
        video_id: name in messages.
        crops: gets the crops.
        params: section ``preprocess``.
        detector: finds faces and landmarks; dlib when absent.
        grey: cut grey crops also of a colour video: all that the flow branch reads.
        watch: told of each crop once ``crops`` has it.
        timing: gets the steps decode, detect, track, smooth, warp and crops (storing them).

    Returns:
        the track, and the crop px by which rigid landmarks of key frames differ from their median
        (root mean square).

    Raises:
        MespotError: when no face, or one in too few frames or a too small one, is found.
    """
    rows: list[AlignedCrop] = []
    light = Light()
    timing = timing or Timing()
    stream = align_video(source, params, video_id, detector, grey=grey, timing=timing)
    with closing(stream):
        for crop in stream:
            with timing.step("crops"):
                crops.append(crop.pixels)
            rows.append(crop.without_pixels())
            if crop.landmarks is not None or not crop.success:
                light.add(crop.pixels, crop.success)
            if watch is not None:
                watch(rows[-1])
    _check(rows, video_id, source, params, light)
    return _track(source, rows, params), _residual(rows)


def preprocess_video(
    source: FrameSource,
    video_id: str,
    out_dir: str | os.PathLike[str],
    params: PreprocessParams,
    detector: FaceDetector | None = None,
    origin: str = "",
    *,
    grey: bool = False,
    packed: bool = True,
    timing: Timing | None = None,
) -> FaceTrack:
    """Write ``<video>.zip`` (crops), ``<video>.npz`` (track) and ``<video>.json`` (summary).

    A video that is already there with the same settings and origin is not done again.

    Args:
        source: frames of the video.
        video_id: file name of the outputs and name in messages.
        out_dir: folder of the outputs.
        params: section ``preprocess``.
        detector: see :func:`follow_face`.
        origin: whatever tells this video from another one of the same name, see :func:`origin_of`.
        grey: see :func:`follow_face`.
        packed: without, grey crops are stored as plain pixels in ``<video>.grey``: larger and
            quicker, for a work folder.
        timing: see :func:`follow_face`.

    Returns:
        the track, as written.

    Raises:
        MespotError: see :func:`follow_face`.
    """
    if Path(video_id).name != video_id:
        raise MespotError(f"video {video_id!r}: found a path separator, expected a plain name")
    out_dir = Path(out_dir)
    crops_file = out_dir / f"{video_id}{'.zip' if packed else SUFFIX}"
    track_file = out_dir / f"{video_id}.npz"
    resume = Resume(out_dir, ("crops", "faces", "video"))
    kind = [source.fps, source.frames, source.grey, grey]
    key = resume.key(video_id, origin, kind, params.model_dump())
    if resume.done(video_id, key, crops_file, track_file) is not None:
        return FaceTrack.load(track_file)
    store = CropWriter(crops_file, params.jpg_quality) if packed else GreyWriter(crops_file)
    with store as writer:
        track, residual = follow_face(
            source, video_id, writer, params, detector, grey=grey, timing=timing
        )
    track.save(track_file)
    summary = {
        "frames": track.frames,
        "crops": len(track),
        "face_share": float(track.success.mean()),
        "confidence_mean": float(track.confidence.mean()),
        "iod_px": track.iod / float(np.median([scale_of(m) for m in track.matrix[track.success]])),
        "residual": residual,
    }
    resume.finish(video_id, key, summary)
    return track


def preprocess_dataset(
    videos: pd.DataFrame,
    data_root: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    work_dir: str | os.PathLike[str],
    params: PreprocessParams,
    jobs: int,
    leave_out: bool = False,
) -> pd.DataFrame:
    """Preprocess all videos of a data set; an interrupted run goes on where it stopped.

    Args:
        videos: table with the columns ``video``, ``path`` (relative to ``data_root``), ``fps``.
        data_root: folder of the raw data.
        out_dir: gets ``<video>.zip``, ``<video>.npz`` and ``faces.csv``.
        work_dir: holds finished videos until all are done.
        params: section ``preprocess``.
        jobs: processes, 0 = all cores.
        leave_out: leave videos without a usable face, or unreadable ones, out with a warning.

    Returns:
        one row per video, as in ``faces.csv``: ``video``, ``frames``, ``crops``, ``face_share``
        (of the crops), ``confidence_mean``, ``iod_px`` (in the frame, median), ``residual`` (crop
        px by which the rigid landmarks of key frames differ from their median, root mean square).

    Raises:
        MespotError: naming the videos without a usable face; all others are finished first and
            stay in ``work_dir``. With ``leave_out``, when no video is left.
    """
    out_dir, work_dir = Path(out_dir), Path(work_dir)
    tasks = [
        (str(Path(data_root) / row.path), float(row.fps), str(row.video), str(work_dir), params)
        for row in videos.itertuples()
    ]
    results = map_videos(_preprocess_path, tasks, jobs, "faces")
    faults = [fault for fault in results if fault]
    if faults and (not leave_out or len(faults) == len(tasks)):
        more = f" (and {len(faults) - 1} more of {len(tasks)} videos)" if len(faults) > 1 else ""
        raise MespotError(faults[0] + more)
    for fault in faults:
        log.warning("%s; left out", fault)
    names = [str(name) for name, fault in zip(videos["video"], results, strict=True) if not fault]
    summary = pd.DataFrame([_summary(work_dir, name) for name in names])
    out_dir.mkdir(parents=True, exist_ok=True)
    write_csv(out_dir / "faces.csv", summary)
    for name in names:
        for kind in ("zip", "npz"):
            shutil.move(work_dir / f"{name}.{kind}", out_dir / f"{name}.{kind}")
        Resume(work_dir).forget(name)
    return summary


def _preprocess_path(
    path: str, fps: float, video_id: str, out_dir: str, params: PreprocessParams
) -> str | None:
    from mespot.video.frames import open_frames

    try:
        source = open_frames(path, fps)
        preprocess_video(source, video_id, out_dir, params, origin=origin_of(path))
    except MespotError as error:
        return str(error)
    return None


def _check(
    rows: list[AlignedCrop], video_id: str, source: FrameSource, params: PreprocessParams,
    light: Light,
) -> None:  # fmt: skip
    if not rows:
        raise MespotError(f"video {video_id}: no frame can be read")
    found = np.array([row.success for row in rows])
    scales = [scale_of(row.matrix) for row in rows if row.success]
    iod = params.crop_iod * params.crop_size / np.median(scales) if scales else np.nan
    rate = source.fps / stride_of(source.fps, params.max_rate)
    check_usable(video_id, found, rate, float(iod), params.min_face_share, light)


def _track(source: FrameSource, rows: list[AlignedCrop], params: PreprocessParams) -> FaceTrack:
    frame = np.array([row.frame for row in rows], dtype=np.int64)
    matrix = np.stack([row.matrix for row in rows])
    success = np.array([row.success for row in rows])
    key = np.array([at for at, row in enumerate(rows) if row.landmarks is not None])
    keys = np.stack([rows[at].landmarks for at in key]).astype(np.float32)
    iod = params.crop_iod * params.crop_size
    anchor = crop_anchor(params.crop_size, params.eye_line)
    poses = np.stack([pose_of(m, anchor) for m in matrix])
    poses[:, 2] = np.unwrap(poses[:, 2])
    moved = poses - poses[np.argmax(success)]
    # The crop undoes the head's motion: its rotation and scale are those of the head, reversed.
    unit = iod / np.exp(poses[np.argmax(success), 3])
    head = np.column_stack([moved[:, :2] / unit, -moved[:, 2:]])
    return FaceTrack(
        fps=float(source.fps),
        frames=int(source.frames if source.frames is not None else frame[-1] + 1),
        frame=frame,
        time=frame / float(source.fps),
        matrix=matrix,
        landmarks=typical_landmarks(keys),
        success=success,
        confidence=np.array([row.confidence for row in rows], dtype=np.float32),
        head=head,
        size=params.crop_size,
        iod=iod,
        grey=bool(source.grey),
        key=key,
        key_landmarks=keys,
    )


def _residual(rows: list[AlignedCrop]) -> float:
    keys = np.stack([row.landmarks[RIGID] for row in rows if row.landmarks is not None])
    return float(np.sqrt(np.mean(np.sum((keys - np.median(keys, axis=0)) ** 2, axis=-1))))


def origin_of(path: str | os.PathLike[str]) -> str:
    """Return size and time of change of a video file, or those of a folder of pictures."""
    status = os.stat(path)
    return f"{status.st_size}-{status.st_mtime_ns}"


def _summary(folder: Path, name: str) -> dict:
    values = read_json(folder / f"{name}.json")["value"]
    return {"video": name, **{column: values[column] for column in _COLUMNS}}
