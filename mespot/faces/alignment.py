"""Aligned crops of a video, as a stream with flat memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from mespot.core.timing import Timing
from mespot.faces.detector import SMALLEST, DlibDetector, Face, FaceDetector
from mespot.faces.follower import HeadFollower, Observation
from mespot.faces.geometry import matrix_of, pose_of
from mespot.faces.landmarks import crop_anchor
from mespot.faces.smoothing import PoseStream
from mespot.faces.warp import render
from mespot.params.preprocess import PreprocessParams
from mespot.video.grey_frames import grey_frames


class FrameSource(Protocol):
    """A video as :func:`mespot.video.frames.open_frames` gives it."""

    fps: float
    frames: int | None
    grey: bool

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (0-based index, uint8 RGB (H, W, 3) or grey (H, W)) of every stride-th frame."""


@dataclass(frozen=True)
class AlignedCrop:
    """One crop of the stream.

    Attributes:
        frame: 0-based source frame.
        pixels: (S, S, 3) RGB or (S, S) grey uint8.
        matrix: (2, 3) float64 frame px to crop px.
        success: the face was found in this very frame.
        confidence: in [0, 1].
        landmarks: (68, 2) crop px at key frames, else None.
    """

    frame: int
    pixels: np.ndarray
    matrix: np.ndarray
    success: bool
    confidence: float
    landmarks: np.ndarray | None

    def without_pixels(self) -> AlignedCrop:
        """Return everything but the picture, for long videos."""
        return replace(self, pixels=np.empty(0, np.uint8))


def stride_of(fps: float, max_rate: float) -> int:
    """Return how many source frames lie between two crops (200 fps at most 60 /s: every 4th)."""
    return max(1, math.ceil(fps / max_rate - 1e-6))


def align_video(
    source: FrameSource,
    params: PreprocessParams,
    label: str,
    detector: FaceDetector | None = None,
    *,
    grey: bool = False,
    timing: Timing | None = None,
) -> Iterator[AlignedCrop]:
    """Follow the face of a video and yield its aligned crops in order.

    Args:
        source: frames of the video.
        params: section ``preprocess``.
        label: name of the video for log lines.
        detector: finds faces and landmarks; dlib when absent.
        grey: make grey crops of a colour video.
        timing: gets the steps decode, detect, track, smooth and warp.

    Returns:
        one crop per ``stride_of(fps, max_rate)`` frames; also for frames without a face, with the
        interpolated or last transform, so that crops stay evenly spaced.
    """
    timing = timing or Timing()
    anchor = crop_anchor(params.crop_size, params.eye_line)
    frames = source.iterate(stride_of(source.fps, params.max_rate))
    frames = timing.each("decode", grey_frames(frames) if grey else frames)
    follower = HeadFollower(_Timed(detector or DlibDetector(), timing), params, label)
    seen = timing.each("track", _observe(frames, source.fps, follower))
    poses = timing.each("smooth", _smooth_poses(seen, source.fps, params, anchor))
    with closing(poses):
        for frame, seen, pose in poses:
            with timing.step("warp"):
                crop = _crop(frame, seen, matrix_of(pose, anchor), params.crop_size)
            yield crop


def _observe(
    frames: Iterator[tuple[int, np.ndarray]], fps: float, follower: HeadFollower
) -> Iterator[tuple[int, Observation]]:
    """Yield frame and what was seen in it."""
    with closing(frames):
        for index, image in frames:
            yield index, follower.step(index / fps, image)


def _smooth_poses(
    observed: Iterator[tuple[int, Observation]],
    fps: float,
    params: PreprocessParams,
    anchor: np.ndarray,
) -> Iterator[tuple[int, Observation, np.ndarray]]:
    """Yield frame, what was seen in it, and its smoothed pose."""
    stream: PoseStream[tuple[int, Observation]] | None = None
    with closing(observed):
        for index, seen in observed:
            if stream is None:
                fallback = pose_of(seen.matrix if seen.matrix is not None else seen.place, anchor)
                stream = PoseStream(params.smooth, params.max_gap, fallback)
            pose = None if seen.matrix is None else pose_of(seen.matrix, anchor)
            for settled, smooth in stream.push((index, seen), index / fps, pose, seen.fresh):
                yield *settled, smooth
    if stream is not None:
        for settled, smooth in stream.finish():
            yield *settled, smooth


class _Timed:
    """A detector that says what it costs."""

    def __init__(self, detector: FaceDetector, timing: Timing) -> None:
        self._detector = detector
        self._timing = timing

    def detect(self, image: np.ndarray, smallest: float = SMALLEST) -> list[Face]:
        with self._timing.step("detect"):
            return self._detector.detect(image, smallest)


def _crop(frame: int, seen: Observation, matrix: np.ndarray, size: int) -> AlignedCrop:
    return AlignedCrop(
        frame=frame,
        pixels=render(seen.patch, matrix, size, seen.shrink),
        matrix=matrix,
        success=seen.matrix is not None,
        confidence=seen.confidence,
        landmarks=seen.landmarks,
    )
