"""The aligned face of one video: what the crops show and how sure that is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import read_npz, write_npz


def typical_landmarks(found: Sequence[np.ndarray]) -> np.ndarray:
    """Median of the landmarks of K >= 1 key frames, each (68, 2) crop px: float32 (68, 2)."""
    return np.median(np.stack(found), axis=0).astype(np.float32)


@dataclass(frozen=True)
class FaceTrack:
    """Alignment of all crops of a video.

    Attributes:
        fps: frames per second of the source video.
        frames: number of frames of the source video.
        frame: (N,) int64 0-based source frame of every crop.
        time: (N,) float64 seconds from the first source frame.
        matrix: (N, 2, 3) float64 similarity from frame px to crop px.
        landmarks: (68, 2) float32 crop px, median over the key frames, see `typical_landmarks`.
        success: (N,) bool, the face was found in this very frame.
        confidence: (N,) float32 in [0, 1]; 0 where ``success`` is False.
        head: (N, 4) float64 head motion relative to the first crop: x, y in inter-ocular
            distances, rotation in radians (clockwise in the picture), log of the size ratio.
        size: width and height of a crop, px.
        iod: inter-ocular distance in a crop, px.
        grey: whether the source has no colour.
        key: (K,) int64 0-based crops whose landmarks were found, the key frames.
        key_landmarks: (K, 68, 2) float32 crop px.
    """

    fps: float
    frames: int
    frame: np.ndarray
    time: np.ndarray
    matrix: np.ndarray
    landmarks: np.ndarray
    success: np.ndarray
    confidence: np.ndarray
    head: np.ndarray
    size: int
    iod: float
    grey: bool
    key: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    key_landmarks: np.ndarray = field(default_factory=lambda: np.zeros((0, 68, 2), np.float32))

    def __len__(self) -> int:
        return len(self.frame)

    def keys(self) -> dict[int, np.ndarray]:
        """Crop -> its landmarks (68, 2); without key frames, the first crop has the median."""
        if not len(self.key):
            return {0: self.landmarks}
        return dict(zip(self.key.tolist(), self.key_landmarks, strict=True))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as npz; the same track gives the same bytes."""
        write_npz(
            path, {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FaceTrack:
        """Read what :meth:`save` wrote.

        Raises:
            MespotError: naming the file and the array that is missing or has a wrong shape.
        """
        arrays = read_npz(path)
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in arrays]
        if missing:
            raise MespotError(f"{path}: array {missing[0]!r} is missing, expected a face track")
        count = len(arrays["frame"])
        shapes = {
            "time": (count,),
            "matrix": (count, 2, 3),
            "landmarks": (68, 2),
            "success": (count,),
            "confidence": (count,),
            "head": (count, 4),
            "key_landmarks": (len(arrays["key"]), 68, 2),
        }
        for name, shape in shapes.items():
            if arrays[name].shape != shape:
                raise MespotError(
                    f"{path}: array {name!r}: found shape {arrays[name].shape}, expected {shape}"
                )
        scalars = {"fps": float, "frames": int, "size": int, "iod": float, "grey": bool}
        return cls(**{name: scalars.get(name, np.asarray)(arrays[name]) for name in names})
