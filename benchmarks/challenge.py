"""The per-frame work of the MEGC teams' optical-flow method, written from its description.

The entries of 2022 and 2023 share it: windows of 200 frames that begin every 100 frames, a face
found in a window's first frame, every frame cropped like that one, Farneback flow (window 15,
polynomial 7/1.5) from the first frame on a nose patch, which moves the crop, and on patches around
brows, mouth and nose, and means of the strongest vectors in cells. What follows (filters, peaks)
costs little and is left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import dlib
import numpy as np

from mespot.faces.detector import _model_file

WINDOW, STEP = 200, 100  # frames
SIZE = 256  # px of a crop
# landmarks of a patch and its margins left, up, right, down in px of a crop
PATCHES = (
    (range(17, 22), (5, 15, 0, 5)),
    (range(22, 27), (0, 15, 5, 5)),
    (range(48, 67), (20, 15, 20, 10)),
    (range(30, 36), (30, 20, 30, 5)),
    (range(29, 31), (13, 13, 13, 13)),
)
NOSE = PATCHES[-1]
CELLS = ((20, 19, 18), (23, 24, 25), (48, 54, 51, 57, 62), (31, 35))  # landmarks, per patch
HALF = 10  # px, half a cell
STRONGEST = 0.2  # share of a cell's vectors that counts
NOSE_STRONGEST = 0.7
MOST_SHIFTS = 3


def farneback(first: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Flow (h, w, 2) with the teams' settings."""
    return cv2.calcOpticalFlowFarneback(first, frame, None, 0.5, 3, 15, 5, 7, 1.5, 0)


def patch_of(points: np.ndarray, patch: tuple[range, tuple[int, ...]]) -> tuple[slice, slice]:
    """Rows and columns of a patch around (68, 2) landmarks, inside the crop."""
    chosen, (left, up, right, down) = patch
    spots = points[list(chosen)]
    low = np.clip(np.floor(spots.min(axis=0)) - (left, up), 0, SIZE - 16).astype(int)
    high = np.minimum(np.ceil(spots.max(axis=0)) + (right, down), SIZE).astype(int)
    high = np.maximum(high, low + 16)
    return slice(low[1], high[1]), slice(low[0], high[0])


def strongest_mean(flow: np.ndarray, share: float) -> np.ndarray:
    """Mean (2,) of the strongest vectors of a flow (h, w, 2)."""
    vectors = flow.reshape(-1, 2)
    size = (vectors**2).sum(axis=1)
    return vectors[np.argsort(size)[-max(1, int(share * len(size))) :]].mean(axis=0)


class Challenge:
    """Detector and landmarks are loaded once, outside of what is timed."""

    def __init__(self) -> None:
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(_model_file()))

    def window(self, frames: list[np.ndarray]) -> np.ndarray:
        """Signals (n, 17, 2) of a window of BGR frames; zeros where no face is found."""
        signals = np.zeros((len(frames), 17, 2))
        found = self._reference(frames[0])
        if found is None:
            return signals
        box, points = found
        first = self._crop(frames[0], box)
        places = [patch_of(points, patch) for patch in PATCHES[:-1]]
        nose = patch_of(points, NOSE)
        for row, frame in enumerate(frames[1:], 1):
            for _ in range(MOST_SHIFTS):
                crop = self._crop(frame, box)
                head = strongest_mean(farneback(first[nose], crop[nose]), NOSE_STRONGEST)
                if head @ head <= 1.0:
                    break
                box = box + np.round(np.tile(head, 2)).astype(int)
            means = []
            for place, cells in zip(places, CELLS, strict=True):
                flow = farneback(first[place], crop[place])
                means.append(strongest_mean(flow, STRONGEST))
                for cell in cells:
                    x, y = np.round(points[cell]).astype(int) - (place[1].start, place[0].start)
                    x, y = max(x, HALF), max(y, HALF)
                    part = flow[y - HALF : y + HALF, x - HALF : x + HALF]
                    means.append(strongest_mean(part, STRONGEST) if part.size else means[-1])
            signals[row] = np.array(means) - head
        return signals

    def _reference(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        faces = self._detector(grey, 0)
        if not faces:
            return None
        points = self._landmarks(grey, faces[0])
        unit = 0.5 * np.linalg.norm(points[42] - points[39])
        middle = 0.5 * (points[39] + points[42])
        corners = [middle - (4 * unit, 3 * unit), middle + (4 * unit, 5 * unit)]
        box = np.round(np.concatenate(corners)).astype(int)
        return box, (points - box[:2]) * SIZE / (box[2:] - box[:2])

    def _landmarks(self, grey: np.ndarray, face: dlib.rectangle) -> np.ndarray:
        shape = self._predictor(grey, face)
        return np.array([(shape.part(i).x, shape.part(i).y) for i in range(68)], dtype=float)

    def _crop(self, frame: np.ndarray, box: np.ndarray) -> np.ndarray:
        x0, y0 = np.maximum(box[:2], 0)
        face = frame[y0 : box[3], x0 : box[2]]
        return cv2.cvtColor(cv2.resize(face, (SIZE, SIZE)), cv2.COLOR_BGR2GRAY)


def windows(video: Path) -> Iterator[list[np.ndarray]]:
    """Yield the overlapping windows of a video file, BGR frames as OpenCV decodes them."""
    capture = cv2.VideoCapture(str(video))
    frames: list[np.ndarray] = []
    while True:
        there, frame = capture.read()
        if there:
            frames.append(frame)
        if len(frames) == WINDOW or (not there and frames):
            yield frames
            frames = frames[STEP:]
        if not there:
            return


def challenge_seconds(video: Path) -> float:
    """CPU seconds on one thread that the method takes for a video, start-up not counted."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    method = Challenge()
    start = time.process_time()
    for frames in windows(video):
        method.window(frames)
    used = time.process_time() - start
    cv2.setNumThreads(threads)
    return used
