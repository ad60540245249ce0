"""Clips along one video, decoded on the way: memory does not grow with the length of the video."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mespot.crops.archive import CropReader
from mespot.crops.clips import blend, check_crops, clip_moments, neighbours, shrink
from mespot.crops.track import FaceTrack


class ClipStream:
    """Cuts the clips that ``ClipSet`` cuts, going through a video from its beginning to its end.

    Only crops that a clip needs are decoded, each of them once, and they are given up when no
    later clip needs them.

    Args:
        track: FaceTrack of the video.
        archive: its crops.
        size: height and width wanted, pixels.
        grey: one channel instead of three.

    Attributes:
        decoded: crops decoded so far.

    Raises:
        MespotError: when track and archive disagree.
    """

    def __init__(self, track: Path, archive: Path, size: int, grey: bool):
        times, crops = FaceTrack.load(track).time, CropReader(archive)
        check_crops(track, archive, len(crops), len(times))
        self._begin(times, crops, size, grey)

    @classmethod
    def over(cls, times: np.ndarray, crops: CropReader, size: int, grey: bool) -> ClipStream:
        """Go through crops that are open already; ``times`` (N,) s are those of each of them."""
        stream = cls.__new__(cls)
        stream._begin(times, crops, size, grey)
        return stream

    def _begin(self, times: np.ndarray, crops: CropReader, size: int, grey: bool) -> None:
        self._times, self._reader = np.asarray(times, dtype=np.float64), crops
        self._size, self._grey = size, grey
        self._held = np.empty(0, dtype=np.int64)  # indices of the crops in memory, ascending
        self._crops = np.empty((0, size, size) if grey else (0, size, size, 3), dtype=np.uint8)
        self._given_up = 0  # crops before this one are gone
        self.decoded = 0

    def clips(self, starts: np.ndarray, span: float, keep_from: float) -> np.ndarray:
        """Cut clips of one span.

        Args:
            starts: (B,) seconds.
            span: seconds.
            keep_from: no later call asks for a clip that starts before this time, seconds.

        Returns:
            (B, 16, S, S) or (B, 16, S, S, 3) uint8, the same as of ``ClipSet.clips``.

        Raises:
            ValueError: for a clip before an earlier ``keep_from``.
        """
        moments = clip_moments(starts, np.full(len(starts), span))
        before, after, share = neighbours(moments, self._times)
        wanted = np.union1d(before, after)
        if wanted[0] < self._given_up:
            raise ValueError(f"crop {wanted[0]} is gone, crops from {self._given_up} on are kept")
        self._decode(np.setdiff1d(wanted, self._held, assume_unique=True))
        before, after = np.searchsorted(self._held, (before, after))
        batch = blend(self._crops, before, after, share)
        self._give_up(neighbours(np.array(keep_from), self._times)[0])
        return batch

    def close(self) -> None:
        """Close the archive."""
        self._reader.close()

    def _decode(self, missing: np.ndarray) -> None:
        if not missing.size:
            return
        fresh = np.stack(
            [shrink(self._reader.read(int(index), self._grey), self._size) for index in missing]
        )
        self.decoded += len(missing)
        held = np.concatenate((self._held, missing))
        order = np.argsort(held)
        self._held = held[order]
        self._crops = np.concatenate((self._crops, fresh))[order]

    def _give_up(self, first: int) -> None:
        self._given_up = max(self._given_up, int(first))
        kept = self._held >= self._given_up
        self._held, self._crops = self._held[kept], self._crops[kept]
