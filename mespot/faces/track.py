"""The aligned face of one video: what the crops show and how sure that is."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import numpy as np

from mespot.errors import MespotError
from mespot.files import read_npz, write_npz


@dataclass(frozen=True)
class FaceTrack:
    """Alignment of all crops of a video.

    Attributes:
        fps: frames per second of the source video.
        frames: number of frames of the source video.
        frame: (N,) int64 0-based source frame of every crop.
        time: (N,) float64 seconds from the first source frame.
        matrix: (N, 2, 3) float64 similarity from frame px to crop px.
        landmarks: (68, 2) float32 crop px, median over the key frames.
        success: (N,) bool, the face was found in this very frame.
        confidence: (N,) float32 in [0, 1]; 0 where ``success`` is False.
        head: (N, 4) float64 head motion relative to the first crop: x, y in inter-ocular
            distances, rotation in radians (clockwise in the picture), log of the size ratio.
        size: width and height of a crop, px.
        iod: inter-ocular distance in a crop, px.
        grey: whether the source has no colour.
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

    def __len__(self) -> int:
        return len(self.frame)

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
        }
        for name, shape in shapes.items():
            if arrays[name].shape != shape:
                raise MespotError(
                    f"{path}: array {name!r}: found shape {arrays[name].shape}, expected {shape}"
                )
        scalars = {"fps": float, "frames": int, "size": int, "iod": float, "grey": bool}
        return cls(**{name: scalars.get(name, np.asarray)(arrays[name]) for name in names})
