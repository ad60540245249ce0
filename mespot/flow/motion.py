"""Dense motion of the face in one video, measured once, for networks that see motion.

A micro-expression moves skin by 0.01 inter-ocular distances (IOD), which is a fifth of a pixel at
the size of a small network's input: motion that is estimated there, on blended 8-bit crops, drowns
in noise. Here it is measured by dense optical flow (Farneback 2003) between original crops, and
then averaged on a coarse grid, where its noise is a few 1e-4 IOD.

Every crop is measured against the neutral face: the median of the crops of some seconds, in which
neither expressions nor blinks nor noise are left. The displacement slides linearly from one such
reference's to the next one's. Summing up motion from crop to crop would need fewer seconds of
similar light and pose, but every expression and every blink left an error behind that stayed.

What moves like a rigid face in front of the camera (shift, roll, size: what the alignment left
over) is fitted robustly in every flow field and taken off.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mespot.core.files import atomic_path
from mespot.core.parallel import map_videos
from mespot.crops.archive import CropReader
from mespot.crops.clips import MOTION_UNIT, check_crops
from mespot.crops.track import FaceTrack

NODES = 24  # of the grid over the crop, per side
_IOD_PIXELS = 29.0  # inter-ocular distance at which flow runs
_EYE_CORNERS = [36, 39, 42, 45]  # of the 68 landmarks
_ROUNDS = 5  # of reweighting in the rigid fit
_NEUTRAL_WINDOW = 12.0  # s whose median is neutral, of crops and of displacements
_REFERENCE_EVERY = 8.0  # s at most between neutral references
_CROP_EVERY = 0.3  # s between the crops of a reference
_SAMPLE_EVERY = 0.2  # s between the crops of that median
_KNOT_EVERY = 1.0  # s between medians, linear between
_AT_ONCE = 64  # crops in memory
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
    with atomic_path(out) as temporary:
        mapped = np.lib.format.open_memmap(temporary, "w+", np.int16, motion_shape(face))
        motion_of(crops, face, mapped)
        mapped.flush()
    crops.close()


def motion_shape(face: FaceTrack) -> tuple[int, int, int, int]:
    """Shape of the motion of a video: (N, 24, 24, 2)."""
    return len(face), NODES, NODES, 2


def motion_of(crops: Sequence, face: FaceTrack, out: np.ndarray) -> np.ndarray:
    """Measure the motion in the crops of a track into ``out``, see ``measure_motion``."""
    eyes = face.landmarks[_EYE_CORNERS].mean(axis=0)
    measure_motion(crops, face.time, face.iod, eyes, out)
    return out


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
    size = crops.read(0, grey=True).shape[0]
    rigid = _RigidMotion(size, iod, eyes)
    small = round(size * _IOD_PIXELS / iod)
    moments = reference_moments(times)
    place = np.interp(times, moments, np.arange(len(moments)))
    below = np.floor(place).astype(np.int64)
    references = [_neutral_crop(crops, times, moment, small) for moment in moments]
    for part in np.array_split(np.arange(len(times)), -(-len(times) // _AT_ONCE)):
        fields = np.zeros((2, len(part), NODES, NODES, 2), dtype=np.float32)
        for row, index in enumerate(part):
            frame = _read(crops, index, small)
            fields[0, row] = _flow(references[below[index]], frame)
            if place[index] > below[index]:
                fields[1, row] = _flow(references[below[index] + 1], frame)
        share = (place[part] - below[part]).astype(np.float32)[:, None, None, None]
        first, second = rigid.removed(fields.reshape(-1, NODES, NODES, 2)).reshape(fields.shape)
        out[part[0] : part[-1] + 1] = _packed(((1 - share) * first + share * second) / MOTION_UNIT)
    _from_neutral(out, times)


def reference_moments(times: np.ndarray) -> np.ndarray:
    """Moments of the neutral references, (R,) seconds: windows around them cover the video.

    Args:
        times: (N,) seconds of the crops, ascending.
    """
    spare = times[-1] - times[0] - _NEUTRAL_WINDOW
    if spare <= 0:
        return np.array([(times[0] + times[-1]) / 2])
    half = _NEUTRAL_WINDOW / 2
    count = 1 + int(np.ceil(spare / _REFERENCE_EVERY))
    return np.linspace(times[0] + half, times[-1] - half, count)


def _neutral_crop(crops: Sequence, times: np.ndarray, moment: float, size: int) -> np.ndarray:
    """Median of the crops around a moment: expressions, blinks and noise fall out."""
    half = _NEUTRAL_WINDOW / 2
    wanted = np.arange(max(moment - half, times[0]), min(moment + half, times[-1]), _CROP_EVERY)
    chosen = np.unique(np.searchsorted(times, [moment, *wanted]))
    pictures = np.stack([_read(crops, index, size) for index in chosen])
    return np.median(pictures, axis=0).astype(np.uint8)


def _from_neutral(motion: np.ndarray, times: np.ndarray) -> None:
    """Subtract the running median of every node, in place."""
    knots = np.arange(times[0], times[-1] + _KNOT_EVERY, _KNOT_EVERY)
    wanted = np.arange(times[0], times[-1], _SAMPLE_EVERY)
    sampled = np.unique([0, *np.searchsorted(times, wanted)])
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
