"""Clips of fixed frame count out of crop archives, for training and for slice scoring.

All crops of all videos are decoded once and shrunk to the model's size; a clip is then a gather
and a blend. Clips are cut by time, so that nothing depends on the frame rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import atomic_path
from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack

FRAMES = 16  # of a clip, as in VideoMAE
MOTION_UNIT = 1 / 8192  # IOD per step of int16 motion: +-4 IOD, a tenth of the noise
_DECODED_AT_ONCE = 64  # crops, bounds the memory


class ClipSet:
    """Shrunken crops of several videos in one array.

    Args:
        frames: (N, S, S) grey or (N, S, S, 3) RGB uint8, the videos one after the other.
        times: per video the time of each of its crops, seconds, ascending.
    """

    def __init__(self, frames: np.ndarray, times: Sequence[np.ndarray]):
        self.frames = frames
        self.times = [np.asarray(time, dtype=np.float64) for time in times]
        counts = [len(time) for time in self.times]
        self.first = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def ends(self) -> np.ndarray:
        """Time of the last crop of each video, (V,) seconds."""
        return np.array([time[-1] for time in self.times])

    def clips(self, videos: np.ndarray, starts: np.ndarray, spans: np.ndarray) -> np.ndarray:
        """Cut clips.

        Frame ``j`` of a clip lies at ``start + span * (j + 0.5) / 16``, so that neighbouring
        slices tile the time. It is blended linearly from the two crops around it: the nearest
        crop alone would repeat crops where the clip is denser than the video, which makes motion
        channels flicker with the frame rate. Beyond the ends the end crop is held.

        Args:
            videos: (B,) video indices.
            starts: (B,) seconds.
            spans: (B,) seconds.

        Returns:
            (B, 16, S, S) or (B, 16, S, S, 3) uint8.
        """
        moments = clip_moments(starts, spans)  # (B, 16)
        left = np.empty(moments.shape, dtype=np.int64)
        right = np.empty_like(left)
        share = np.empty(moments.shape)
        for row, video in enumerate(videos):
            below, above, share[row] = neighbours(moments[row], self.times[video])
            left[row], right[row] = below + self.first[video], above + self.first[video]
        return blend(self.frames, left, right, share)


def clip_moments(starts: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Times of the frames of clips, see ``ClipSet.clips``.

    Args:
        starts: (B,) seconds.
        spans: (B,) seconds.

    Returns:
        (B, 16) seconds.
    """
    offsets = (np.arange(FRAMES) + 0.5) / FRAMES
    return np.asarray(starts)[:, None] + np.asarray(spans)[:, None] * offsets


def neighbours(moments: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Crops around moments.

    Args:
        moments: (...) seconds.
        times: (n,) time of each crop, seconds, ascending.

    Returns:
        index of the crop before and of the one after, and how far the moment lies between them, 0
        to 1; each of the shape of ``moments``.
    """
    place = np.interp(moments, times, np.arange(len(times)))
    before = np.floor(place).astype(np.int64)
    return before, np.minimum(before + 1, len(times) - 1), place - before


def blend(
    frames: np.ndarray, before: np.ndarray, after: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Mix neighbouring crops.

    Args:
        frames: (N, S, S) or (N, S, S, 3) uint8 crops.
        before: (B, 16) index of the earlier crop.
        after: (B, 16) index of the later crop.
        share: (B, 16) of the later crop, 0 to 1.

    Returns:
        (B, 16, S, S) or (B, 16, S, S, 3) uint8.
    """
    if frames.dtype != np.uint8:
        return _blend_numbers(frames, before, after, share)
    weights = np.round(share * 256) / 256  # of 8 bits: all products are exact in float32
    clips = np.empty((*before.shape, *frames.shape[1:]), dtype=np.uint8)
    for place in np.ndindex(before.shape):
        weight = weights[place]
        # OpenCV rounds halves to even; a hair more rounds them up
        cv2.addWeighted(
            frames[before[place]], 1 - weight, frames[after[place]], weight, 2**-10, clips[place]
        )
    return clips


def _blend_numbers(
    frames: np.ndarray, before: np.ndarray, after: np.ndarray, share: np.ndarray
) -> np.ndarray:
    weight = share.astype(np.float32).reshape(share.shape + (1,) * (frames.ndim - 1))
    clips = np.empty((*before.shape, *frames.shape[1:]), dtype=frames.dtype)
    for row, clip in enumerate(clips):
        mixed = frames[before[row]] * (1 - weight[row])
        mixed += frames[after[row]] * weight[row]
        np.round(mixed, out=mixed)
        clip[...] = mixed
    return clips


def shrink(crop: np.ndarray, size: int) -> np.ndarray:
    """Shrink a crop to the size of a network's input, pixels."""
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)


def open_clips(
    archives: Sequence[tuple[Path, Path]],
    size: int,
    grey: bool,
    cache: Path | None = None,
) -> ClipSet:
    """Open all crops of some videos, decoded and shrunk, or the motion in them.

    Args:
        archives: (FaceTrack npz, crop zip) of every video, or (FaceTrack npz, motion npy), which
            is used as it is: ``size``, ``grey`` and ``cache`` are for crops.
        size: height and width wanted, pixels.
        grey: one channel instead of three.
        cache: a ``.npy`` file that keeps the shrunken crops and is mapped into memory, for sets
            that do not fit; it is reused when it exists, so it must lie in a folder that belongs
            to exactly these archives. ``None`` = in memory.

    Raises:
        MespotError: when a track and its archive disagree, or a cache does not fit.
    """
    times = [FaceTrack.load(track).time for track, _ in archives]
    if all(path.suffix == ".npy" for _, path in archives):
        return ClipSet(_motion(archives, times, size), times)
    total = sum(len(time) for time in times)
    shape = (total, size, size) if grey else (total, size, size, 3)
    if cache is not None and cache.exists():
        frames = np.load(cache, mmap_mode="r", allow_pickle=False)
        if frames.shape != shape or frames.dtype != np.uint8:
            raise MespotError(f"{cache}: found shape {frames.shape}, expected {shape}, delete it")
        return ClipSet(frames, times)
    readers = [CropReader(path) for _, path in archives]
    for (track, path), time, reader in zip(archives, times, readers, strict=True):
        check_crops(track, path, len(reader), len(time))
    if cache is None:
        frames = np.empty(shape, dtype=np.uint8)
        _fill(frames, readers, size, grey)
    else:
        with atomic_path(cache) as temporary:
            mapped = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
            _fill(mapped, readers, size, grey)
            mapped.flush()
        frames = np.load(cache, mmap_mode="r", allow_pickle=False)
    return ClipSet(frames, times)


def check_crops(track: Path, archive: Path, found: int, expected: int) -> None:
    """Check that an archive has one crop per frame of its track, and at least one.

    Raises:
        MespotError: naming both files.
    """
    if found != expected or not expected:
        raise MespotError(f"{archive}: found {found} crops, expected {expected} ({track})")


def _motion(
    archives: Sequence[tuple[Path, Path]], times: Sequence[np.ndarray], size: int
) -> np.ndarray:
    parts = []
    for (track, path), time in zip(archives, times, strict=True):
        try:
            parts.append(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError) as error:
            raise MespotError(f"{path}: motion cannot be read ({error})") from error
        check_crops(track, path, len(parts[-1]), len(time))
        if parts[-1].shape[1] != size:
            raise MespotError(
                f"{path}: found {parts[-1].shape[1]} nodes per side, the model sees {size}"
            )
    # a single video stays a memory map: it is scored in a pass from its beginning to its end
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _fill(frames: np.ndarray, readers: Sequence, size: int, grey: bool) -> None:
    row = 0
    for reader in readers:
        for start in range(0, len(reader), _DECODED_AT_ONCE):
            wanted = range(start, min(start + _DECODED_AT_ONCE, len(reader)))
            for crop in reader.read_many(wanted, grey=grey):
                frames[row] = shrink(crop, size)
                row += 1
