"""Dense motion of the face in one video, measured once, for networks that see motion.

A micro-expression moves skin by 0.01 inter-ocular distances (IOD), which is a fifth of a pixel at
the size of a small network's input: motion that is estimated there, on blended 8-bit crops, drowns
in noise. Here it is measured by dense optical flow (Farneback 2003) between original crops, and
then averaged on a coarse grid, where its noise is a few 1e-4 IOD.

Every crop is measured against two *anchors*, crops about a second apart, the one before and the
one after; anchors are chained. The displacement slides linearly from one anchor's to the other's,
so that it does not jump where the anchor changes. Chaining errors grow slowly along a video; a
clip spans a few anchors and compares its frames with each other only, so they cancel.

What moves like a rigid face in front of the camera (shift, roll, size: what the alignment left
over) is fitted robustly in every flow field and taken off.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mespot.faces.archive import CropReader
from mespot.faces.clips import MOTION_UNIT, check_crops
from mespot.faces.track import FaceTrack
from mespot.files import atomic_path
from mespot.parallel import map_videos

NODES = 24  # of the grid over the crop, per side
_ANCHOR_EVERY = 1.0  # s
_IOD_PIXELS = 29.0  # inter-ocular distance at which flow runs
_EYE_CORNERS = [36, 39, 42, 45]  # of the 68 landmarks
_ROUNDS = 5
_NEUTRAL_WINDOW = 12.0  # s whose median is neutral
_SAMPLE_EVERY = 0.2  # s between the crops of that median
_KNOT_EVERY = 1.0  # s between medians, linear between
_AT_ONCE = 1024
_FACE = (-0.95, 0.95, -0.55, 1.45)  # left, right, top, bottom of the face, IOD from the eyes


def motion_dataset(
    faces_dir: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    work_dir: str | os.PathLike[str],
    jobs: int,
) -> int:
    """Measure the motion of all videos of a data set; an interrupted run goes on.

    Args:
        faces_dir: holds ``<video>.npz`` (FaceTrack) and ``<video>.zip`` (crops).
        out_dir: gets ``<video>.npy``, see ``measure_motion``.
        work_dir: holds finished videos until all are done.
        jobs: processes, 0 = all cores.

    Returns:
        number of videos.
    """
    tracks = sorted(Path(faces_dir).glob("*.npz"))
    tasks = [
        (track, track.with_suffix(".zip"), Path(work_dir) / f"{track.stem}.npy") for track in tracks
    ]
    missing = [task for task in tasks if not task[2].exists()]
    map_videos(motion_video, missing, jobs, "motion")
    for _, _, measured in tasks:
        os.replace(measured, Path(out_dir) / measured.name)
    return len(tasks)


def motion_video(track: Path, archive: Path, out: Path) -> None:
    """Write the motion of one video as ``.npy``; see ``measure_motion``.

    Raises:
        MespotError: when track and archive disagree.
    """
    face = FaceTrack.load(track)
    crops = CropReader(archive)
    check_crops(track, archive, len(crops), len(face))
    eyes = face.landmarks[_EYE_CORNERS].mean(axis=0)
    with atomic_path(out) as temporary:
        shape = (len(face), NODES, NODES, 2)
        mapped = np.lib.format.open_memmap(temporary, "w+", np.int16, shape)
        measure_motion(crops, face.time, face.iod, eyes, mapped)
        mapped.flush()
    crops.close()


def measure_motion(
    crops: Sequence, times: np.ndarray, iod: float, eyes: np.ndarray, out: np.ndarray
) -> None:
    """Measure how far the skin in all crops of a video is from neutral.

    Args:
        crops: ``CropReader`` of the video.
        times: (N,) seconds of the crops, ascending.
        iod: inter-ocular distance, crop px.
        eyes: (2,) middle between the eyes, crop px.
        out: (N, 24, 24, 2) int16, filled with where the skin under each node went from where it
            is when the face is neutral, x right and y down, in ``MOTION_UNIT`` IOD. A memory map
            will do: the video is gone through from its beginning to its end.
    """
    anchors = anchor_crops(times)
    size = crops.read(0, grey=True).shape[0]
    rigid = _RigidMotion(size, iod, eyes)
    small = round(size * _IOD_PIXELS / iod)
    chained = np.zeros((NODES, NODES, 2), dtype=np.float32)
    out[0] = 0
    before = _read(crops, 0, small)
    for first, last in zip(anchors[:-1], anchors[1:], strict=True):
        after = _read(crops, last, small)
        frames = [_read(crops, index, small) for index in range(first + 1, last)]
        fields = [_flow(before, frame) for frame in (*frames, after)]
        fields += [_flow(after, frame) for frame in frames]
        fields = rigid.removed(np.stack(fields))
        here = len(frames)
        from_before, step, from_after = fields[:here], fields[here], fields[here + 1 :]
        share = (times[first + 1 : last] - times[first]) / (times[last] - times[first])
        share = share.astype(np.float32)[:, None, None, None]
        between = (1 - share) * from_before + share * (step + from_after)
        out[first + 1 : last] = _packed((chained + between) / MOTION_UNIT)
        chained = chained + step
        out[last] = _packed(chained / MOTION_UNIT)
        before = after
    _from_neutral(out, times)


def _from_neutral(motion: np.ndarray, times: np.ndarray) -> None:
    """Subtract the running median of every node, in place."""
    knots = np.arange(times[0], times[-1] + _KNOT_EVERY, _KNOT_EVERY)
    sampled = np.unique(np.searchsorted(times, np.arange(times[0], times[-1], _SAMPLE_EVERY)))
    values, moments = motion[sampled], times[sampled]
    levels = np.empty((len(knots), *motion.shape[1:]), dtype=np.float32)
    latest = max(times[-1] - _NEUTRAL_WINDOW, times[0])
    for row, knot in enumerate(knots):
        begin = min(max(knot - _NEUTRAL_WINDOW / 2, times[0]), latest)
        near = (moments >= begin) & (moments <= begin + _NEUTRAL_WINDOW)
        levels[row] = np.median(values[near], axis=0)
    place = np.interp(times, knots, np.arange(len(knots)))
    for first in range(0, len(times), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        below = np.minimum(place[part].astype(np.int64), len(knots) - 2)
        share = (place[part] - below).astype(np.float32)[:, None, None, None]
        level = (1 - share) * levels[below] + share * levels[below + 1]
        motion[part] = _packed(motion[part] - level)


def anchor_crops(times: np.ndarray) -> np.ndarray:
    """Indices of the anchors, ascending: the first and the last crop and some between.

    Args:
        times: (N,) seconds, ascending.
    """
    inner = np.searchsorted(times, np.arange(times[0], times[-1], _ANCHOR_EVERY))
    return np.union1d(inner, [0, len(times) - 1])


def _read(crops: Sequence, index: int, size: int) -> np.ndarray:
    crop = crops.read(int(index), grey=True)
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)


def _flow(reference: np.ndarray, frame: np.ndarray) -> np.ndarray:
    field = cv2.calcOpticalFlowFarneback(
        reference,
        frame,
        None,
        pyr_scale=0.5,
        levels=3,
        winsize=11,
        iterations=2,
        poly_n=5,
        poly_sigma=1.1,
        flags=0,
    )
    coarse = cv2.resize(field, (NODES, NODES), interpolation=cv2.INTER_AREA)
    return coarse / np.float32(_IOD_PIXELS)


def _packed(steps: np.ndarray) -> np.ndarray:
    limit = np.iinfo(np.int16).max
    return np.clip(np.round(steps), -limit, limit).astype(np.int16)


class _RigidMotion:
    """Shift, roll and size of the whole face, fitted by iteratively re-weighted least squares."""

    def __init__(self, size: int, iod: float, eyes: np.ndarray):
        place = (np.arange(NODES) + 0.5) * size / NODES - 0.5
        x, y = np.meshgrid((place - eyes[0]) / iod, (place - eyes[1]) / iod)
        left, right, top, bottom = _FACE
        self._face = (left < x) & (x < right) & (top < y) & (y < bottom)
        one, zero = np.ones_like(x), np.zeros_like(x)
        across = np.stack((one, zero, -y, x), -1)
        down = np.stack((zero, one, x, y), -1)
        self._basis = np.stack((across, down), -2).astype(np.float32)  # (24, 24, 2, 4)

    def removed(self, fields: np.ndarray) -> np.ndarray:
        """Take the rigid motion off (K, 24, 24, 2) displacements, IOD."""
        basis = self._basis[self._face]  # (P, 2, 4)
        seen = fields[:, self._face]  # (K, P, 2)
        products = np.einsum("pdi,pdj->pij", basis, basis)
        weight = np.ones(seen.shape[:2], dtype=np.float32)
        for _ in range(_ROUNDS):
            normal = np.einsum("kp,pij->kij", weight, products)
            right = np.einsum("pdi,kpd->ki", basis, weight[..., None] * seen)
            motion = np.linalg.solve(normal, right[..., None])[..., 0]  # (K, 4)
            apart = np.linalg.norm(seen - np.einsum("pdi,ki->kpd", basis, motion), axis=-1)
            spread = np.median(apart, axis=1, keepdims=True) + 1e-4
            weight = 1 / (1 + (apart / (1.5 * spread)) ** 2)
        return fields - np.einsum("yxdi,ki->kyxd", self._basis, motion)
