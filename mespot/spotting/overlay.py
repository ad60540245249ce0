"""A video with its landmarks and the current interval drawn in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.files import atomic_path
from mespot.crops.track import FaceTrack
from mespot.flow.regions import EXPRESSIVE
from mespot.flow.signals import FlowSignals
from mespot.plots.colours import TYPE_COLOURS, TYPE_NAMES
from mespot.video.frames import FrameSource

_CODEC = "libx264"
# crf: visually close to the original; without macroblock trees, whose code for AVX-512 gives other
# bytes from time to time
_OPTIONS = {"crf": "20", "x264-params": "mbtree=0"}
_POINT, _LOST = (80, 220, 80), (150, 150, 150)
# regions that lie on their landmarks; cheeks and chin lie between those of others
_ON_LANDMARKS = ("brow", "glabella", "lid", "upper_lip", "lip_corner", "lower_lip")
_SHIFT = 4  # binary digits of a pixel that OpenCV draws with


def write_overlay(
    path: str | os.PathLike[str],
    source: FrameSource,
    face: FaceTrack,
    signals: FlowSignals,
    intervals: pd.DataFrame,
) -> None:
    """Write the video as H.264 of the same size and frame rate, frame by frame.

    Landmarks are those of the neutral face; they follow the head by its alignment and move with
    the measured displacement of their region, so that the overlay shows what was measured. They
    turn grey where no face was found. Sizes are made even, as H.264 asks for.

    Args:
        path: mp4 file.
        source: frames of the video, colour or grey.
        face: its alignment.
        signals: its flow signals.
        intervals: ``onset``, ``offset`` (0-based frames), ``type``, ``score``.

    Raises:
        MespotError: this build of FFmpeg has no H.264 encoder.
    """
    if _CODEC not in av.codecs_available:
        raise MespotError(f"{path}: FFmpeg has no encoder {_CODEC}, expected one for H.264 video")
    rate = Fraction(source.fps).limit_denominator(100_000)
    with atomic_path(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream(_CODEC, rate=rate, options=_OPTIONS)
        stream.pix_fmt = "yuv420p"
        sized = False
        for index, picture in drawn_frames(source, face, signals, intervals):
            if not sized:
                stream.height, stream.width = picture.shape[:2]
                sized = True
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            # a frame that could not be decoded is missing, its neighbour stays longer
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def drawn_frames(
    source: FrameSource, face: FaceTrack, signals: FlowSignals, intervals: pd.DataFrame
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield index and picture (H, W, 3) of every frame, with even height and width."""
    places = Landmarks(face, signals)
    spans = intervals[["onset", "offset"]].to_numpy(dtype=np.int64)
    for index, frame in source.iterate():
        picture = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=2)
        height, width = picture.shape[:2]
        edges = (0, height % 2, 0, width % 2)
        picture = cv2.copyMakeBorder(picture, *edges, cv2.BORDER_REPLICATE)  # (H, W, 3), a copy
        points, found = places.at(index)
        draw_points(picture, points, found)
        now = np.flatnonzero((spans[:, 0] <= index) & (index <= spans[:, 1]))
        for line, row in enumerate(now.tolist()):
            _draw_interval(picture, intervals.iloc[row], line)
        yield index, picture


class Landmarks:
    """Landmarks of a video in its own pixels, at any frame.

    Args:
        face: alignment.
        signals: flow signals.
    """

    def __init__(self, face: FaceTrack, signals: FlowSignals):
        self._face = face
        square = np.zeros((len(face), 3, 3))
        square[:, :2], square[:, 2, 2] = face.matrix, 1.0
        self._back = np.linalg.inv(square)[:, :2]  # (N, 2, 3) crop px to frame px
        self._still = np.column_stack([face.landmarks.astype(np.float64), np.ones(68)])  # (68, 3)
        self._moved = signals.displacement.astype(np.float64) * face.iod  # (N, R, 2) crop px
        self._share = _region_shares(signals.regions)  # (68, R)

    def at(self, frame: int) -> tuple[np.ndarray, bool]:
        """Return the landmarks (68, 2) at a source frame, px, and whether the face was found.

        Frames between two crops (fast videos are thinned) lie between the crops' landmarks.
        """
        frames = self._face.frame
        right = int(np.clip(np.searchsorted(frames, frame), 0, len(frames) - 1))
        left = max(right - 1, 0) if frames[right] > frame else right
        gap = int(frames[right] - frames[left])
        share = (frame - int(frames[left])) / gap if gap else 0.0
        points = (1.0 - share) * self._crop(left) + share * self._crop(right)
        nearest = right if share >= 0.5 else left
        return points, bool(self._face.success[nearest])

    def _crop(self, index: int) -> np.ndarray:
        shape = self._still.copy()
        shape[:, :2] += self._share @ self._moved[index]
        return shape @ self._back[index].T  # (68, 2)


def draw_points(picture: np.ndarray, points: np.ndarray, found: bool) -> None:
    """Draw landmarks into an RGB picture; their size follows the face."""
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    radius = max(round(size / 160.0 * 2**_SHIFT), 2**_SHIFT)
    for x, y in np.round(points * 2**_SHIFT).astype(np.int64).tolist():
        cv2.circle(
            picture, (x, y), radius, _POINT if found else _LOST, cv2.FILLED, cv2.LINE_AA, _SHIFT
        )


def _draw_interval(picture: np.ndarray, interval: pd.Series, line: int) -> None:
    colour = tuple(bytes.fromhex(TYPE_COLOURS[interval["type"]][1:]))
    scale = max(picture.shape[0] / 480.0, 0.35)
    tall, edge = round(30 * scale), max(round(4 * scale), 2)
    text = f"{TYPE_NAMES[interval['type']]} {interval['score']:.2f}"
    font = cv2.FONT_HERSHEY_SIMPLEX
    (wide, _), _ = cv2.getTextSize(text, font, 0.7 * scale, max(round(1.6 * scale), 1))
    top = line * tall
    cv2.rectangle(picture, (0, top), (wide + 3 * edge, top + tall), colour, cv2.FILLED)
    place = (edge, top + round(0.72 * tall))
    thick = max(round(1.6 * scale), 1)
    cv2.putText(picture, text, place, font, 0.7 * scale, (255, 255, 255), thick, cv2.LINE_AA)
    if line == 0:
        height, width = picture.shape[:2]
        cv2.rectangle(picture, (0, 0), (width - 1, height - 1), colour, edge)


def _region_shares(names: tuple[str, ...]) -> np.ndarray:
    """Which regions carry a landmark along: (68, R), rows sum to 1 or are 0."""
    share = np.zeros((68, len(names)))
    for region in EXPRESSIVE:
        if region.name in names and region.name.startswith(_ON_LANDMARKS):
            share[list(region.points), names.index(region.name)] = 1.0
    return share / np.maximum(share.sum(axis=1, keepdims=True), 1.0)
