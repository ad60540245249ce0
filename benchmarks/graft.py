"""Known expressions grafted onto real footage by image warps.

A displacement field (``mespot.synth.actions``) is placed on the tracked face in crop coordinates
and moved into the frame by the track's similarity, so that it goes with the head. Only pixels that
a graft moves change: frames outside grafts, and the surroundings of the face, stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pandas as pd

from mespot.crops.track import FaceTrack
from mespot.faces.alignment import FrameSource
from mespot.faces.geometry import compose, invert, transform
from mespot.faces.landmarks import BROWS, JAW
from mespot.synth.actions import EXPRESSIONS, displacement
from mespot.synth.script import Event

_NODE = 1 / 32  # IOD between nodes of the field
_AROUND = 0.8  # IOD of nodes beyond the landmarks
_FOREHEAD = 0.6  # IOD of skin above the brows that moves in full
_FADE = 0.35  # IOD over which the field dies away outside the face
_INVERSIONS = 8  # fixed-point steps; the displacement contracts
_NEAR = 1.0  # s within which landmarks are those of a graft


class GraftedSource:
    """A video with grafted expressions, read frame by frame.

    Args:
        source: the video itself.
        track: its face, found without grafts.
        events: the grafts, s.
        truth: a row per event; before its onset and after its offset nothing of it shows.

    Attributes:
        fps: frames per second.
        frames: number of frames.
        grey: whether frames have one channel.
        numbers: as of the source.
        truth: columns ``onset, apex, offset`` (0-based inclusive frames) and more, see
            ``graft_script.truth_of``.
    """

    def __init__(
        self, source: FrameSource, track: FaceTrack, events: Sequence[Event], truth: pd.DataFrame
    ) -> None:
        self.fps, self.frames, self.grey = float(source.fps), track.frames, source.grey
        self.numbers = np.arange(self.frames)
        self.truth = truth
        self._source = source
        self._track = track
        self._place = _FieldPlace(track)
        spans = truth[["onset", "offset"]].itertuples(index=False)
        fields = (self._place.field(event) for event in events)
        self._grafts = list(zip(events, fields, spans, strict=True))

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (index, frame) of every ``stride``-th frame."""
        for index, image in self._source.iterate(stride):
            yield index, self.frame(index, image)

    def frame(self, index: int, image: np.ndarray) -> np.ndarray:
        """Graft what happens in one frame.

        Args:
            index: 0-based frame.
            image: (H, W, 3) or (H, W) uint8, the frame itself; not written to.

        Returns:
            ``image`` itself where nothing happens, else an image of the same shape.
        """
        moved = None
        for event, field, (onset, offset) in self._grafts:
            if not onset <= index <= offset:
                continue
            strength = np.float32(event.amplitude * event.envelope.at(index / self.fps))
            moved = strength * field if moved is None else moved + strength * field
        if moved is None:
            return image
        return warp(image, self._place.offsets(moved), self._place.into(self._matrix(index)))

    def _matrix(self, index: int) -> np.ndarray:
        """(2, 3) from frame px to crop px; between crops, in between."""
        flat = self._track.matrix.reshape(-1, 6)
        return np.array([np.interp(index, self._track.frame, v) for v in flat.T]).reshape(2, 3)


class _FieldPlace:
    """Nodes around the face, in crop coordinates, and the fields on them."""

    def __init__(self, track: FaceTrack) -> None:
        self._track = track
        self._step = _NODE * track.iod
        around = _AROUND * track.iod
        self._corner = track.landmarks.min(axis=0).astype(np.float64) - around
        extent = track.landmarks.max(axis=0) - self._corner + around
        columns, rows = (np.ceil(extent / self._step).astype(int) + 1).tolist()
        axes = [np.arange(count, dtype=np.float64) for count in (columns, rows)]
        self._units = np.stack(np.meshgrid(*axes), axis=-1)  # (rows, columns, 2) nodes
        self._nodes = self._units * self._step + self._corner  # crop px

    def field(self, event: Event) -> np.ndarray:
        """(rows, columns, 2) float32: displacement in nodes for an amplitude of 1 IOD."""
        landmarks, iod = self._landmarks(event), self._track.iod
        unit = displacement(EXPRESSIONS[event.expression], event.side, landmarks, iod, self._nodes)
        unit *= self._face(landmarks)[..., None]
        return (unit / np.linalg.norm(unit, axis=-1).max() / _NODE).astype(np.float32)

    def offsets(self, moved: np.ndarray) -> np.ndarray:
        """(rows, columns, 2) float32 nodes from where each point was to where it is seen."""
        seen = self._units.astype(np.float32)
        offset = moved
        for _ in range(_INVERSIONS):
            offset = cv2.remap(moved, seen - offset, None, cv2.INTER_LINEAR)
        return offset

    def into(self, matrix: np.ndarray) -> np.ndarray:
        """(2, 3) from nodes to frame px, for a frame with this ``matrix`` into the crop."""
        place = np.column_stack([np.eye(2) * self._step, self._corner])
        return compose(invert(matrix), place)

    def _landmarks(self, event: Event) -> np.ndarray:
        """(68, 2) crop px around the time of an event; the same all through it."""
        keys = self._track.keys()
        time = self._track.time[list(keys)]
        away = np.maximum(event.onset - time, time - event.offset)
        near = away <= max(_NEAR, away.min())
        return np.median(np.stack(list(keys.values()))[near], axis=0).astype(np.float64)

    def _face(self, landmarks: np.ndarray) -> np.ndarray:
        """(rows, columns) 1 on the face, fading to 0 outside it."""
        forehead = landmarks[BROWS[::-1]] - [0.0, _FOREHEAD * self._track.iod]
        outline = (np.concatenate([landmarks[JAW], forehead]) - self._corner) / self._step
        outside = np.ones(self._units.shape[:2], np.uint8)
        cv2.fillPoly(outside, [np.round(outline).astype(np.int32)], 0)
        away = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * _NODE
        return 0.5 + 0.5 * np.cos(np.pi * np.clip(away / _FADE, 0.0, 1.0))


def warp(image: np.ndarray, offsets: np.ndarray, into: np.ndarray) -> np.ndarray:
    """Move the points of an image.

    Args:
        image: (H, W, 3) or (H, W) uint8.
        offsets: (rows, columns, 2) float32 nodes from where a point was to where it is seen; 0 at
            the rim.
        into: (2, 3) from nodes to image px.

    Returns:
        another image; pixels that move by less than 1/64 px are those of ``image``.
    """
    rows, columns = offsets.shape[:2]
    corners = transform(into, np.array([[0, 0], [columns, 0], [0, rows], [columns, rows]]))
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, image.shape[1::-1])
    if (high <= low).any():
        return image
    part = into.copy()
    part[:, 2] -= low
    offsets = offsets @ into[:, :2].T.astype(np.float32)  # px of the image
    offsets = cv2.warpAffine(offsets, part, (high - low).tolist(), flags=cv2.INTER_LINEAR)
    axes = [np.arange(*ends, dtype=np.float32) for ends in zip(low, high, strict=True)]
    was = np.stack(np.meshgrid(*axes), axis=-1) - offsets
    result = image.copy()
    (left, top), (right, bottom) = low, high
    result[top:bottom, left:right] = cv2.remap(
        image, was, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return result
