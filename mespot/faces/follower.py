"""Following one head through a video: detect, track, verify, recover.

Landmarks are found when a track begins and at key frames, where they verify the track; between
them only the motion of the rigid parts counts. A head that is lost is looked for near its last
place in every frame, and by detection at a slower beat.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

import numpy as np

from mespot.faces.detector import Face, FaceDetector
from mespot.faces.further_searches import eyes_apart, further_searches, look_near, seen_upright
from mespot.faces.geometry import compose, fit_similarity, invert, rescale, scale_of, transform
from mespot.faces.landmarks import RIGID, eye_centres, upright
from mespot.faces.tracker import SIZE, RigidTracker
from mespot.faces.warp import Patch, Shrink, cut
from mespot.params.preprocess import PreprocessParams

log = logging.getLogger(__name__)

_VIEW = 480  # px, width and height of the upright picture in which key frames are verified
_VIEW_REACH = 1.5  # width of that picture in crops
_VIEW_FACE = 1 / 3  # share of that picture that a face takes at least; the tracked one takes 0.4
_SURE = 0.6  # confidence from which on a detection may be preferred for its size
_ROLLED = 0.26  # rad: landmarks of a face that is rolled further are found again, upright
# s between searches for faces that are cut by the frame, rolled or small; each costs as much as ten
# to twenty plain ones
_FURTHER_EVERY = 2.0  # the first time; twice as long after each one in vain, up to
_FURTHER_AT_MOST = 16.0  # this
_MIN_INSIDE = 0.8  # share of the rigid landmarks that must lie inside the frame
_MAX_DRIFT = 0.12  # inter-ocular distances between track and landmarks; more is a lost track
_MAX_SIZE_RATIO = 1.5  # between detection and track; more is another face
_INSTANT = 1e-6  # s, slack for rounded times
_KEYS = 25  # key frames whose landmarks are averaged
_MISSES = 3  # failed verifications in a row that end a track with an unverified reference


@dataclass(frozen=True)
class Observation:
    """What was found in one frame.

    Attributes:
        matrix: (2, 3) frame px to crop px of the wanted size; None without a face.
        place: (2, 3) the same where the face is or was last; the frame's middle before any face.
        confidence: in [0, 1].
        landmarks: (68, 2) crop px at key frames, else None.
        fresh: the transform does not continue that of the frames before.
        patch: the face's neighbourhood, or that of its last place.
        shrink: how crops of this track are reduced.
    """

    matrix: np.ndarray | None
    place: np.ndarray
    confidence: float
    landmarks: np.ndarray | None
    fresh: bool
    patch: Patch
    shrink: Shrink


class HeadFollower:
    """Follows the face that is largest at the start.

    Args:
        detector: finds faces and landmarks.
        params: section ``preprocess``.
        label: name of the video for log lines.
    """

    def __init__(self, detector: FaceDetector, params: PreprocessParams, label: str) -> None:
        self._detector = detector
        self._params = params
        self._label = label
        self._tracker: RigidTracker | None = None
        self._shrink: Shrink | None = None
        self._scale = 0.0
        self._place: np.ndarray | None = None  # (2, 3) last transform, tracker px
        self._found = False  # in the last frame
        self._seen = -np.inf  # time of the last frame with a face
        self._next_detection = -np.inf
        self._next_further = -np.inf
        self._further_every = _FURTHER_EVERY
        self._hidden = False  # the face was not to be found by a plain search
        self._detected = 0.0  # confidence of the last verification
        self._misses = 0
        self._renewed = 0
        self._others = False
        self._key_landmarks: deque[np.ndarray] = deque(maxlen=_KEYS)  # (68, 2) tracker px
        self._expected: np.ndarray | None = None  # their median

    def step(self, time: float, image: np.ndarray) -> Observation:
        """Find the face in the next frame, uint8 RGB (H, W, 3) or grey (H, W)."""
        found = self._follow(time, image)
        if found is None and self._found:
            self._next_detection = time  # just lost: look for it at once
        if found is None and time >= self._next_detection - _INSTANT:
            found = self._search(time, image)
        self._found = found is not None
        if found is None:
            place = self._place if self._place is not None else _middle(image)
            shrink = self._shrink or Shrink.of(self._sized(place))
            patch = cut(image, place, SIZE, shrink)
            return Observation(None, self._sized(place), 0.0, None, False, patch, shrink)
        self._seen = time
        return found

    def _follow(self, time: float, image: np.ndarray) -> Observation | None:
        if self._tracker is None:
            return None
        if time - self._seen > self._params.max_gap + _INSTANT:
            self._tracker = None
            return None
        patch = cut(image, self._tracker.matrix, SIZE, self._shrink)
        tracked = self._tracker.track(patch.grey())
        if tracked is None or not self._is_inside(tracked.matrix, image):
            return None
        self._place = tracked.matrix
        if self._tracker.renewed > self._renewed:
            # The new reference should be known to show a face soon.
            self._next_detection = min(self._next_detection, time + self._params.retry_every)
        landmarks, fresh = None, False
        if time >= self._next_detection - _INSTANT:
            landmarks, fresh = self._verify(time, patch)
            if self._tracker is None:
                return None
        sized = self._sized(self._tracker.matrix)
        return Observation(
            sized,
            sized,
            tracked.confidence * self._detected,
            landmarks,
            fresh,
            patch,
            self._shrink,
        )

    def _verify(self, time: float, patch: Patch) -> tuple[np.ndarray | None, bool]:
        """Compare the track with landmarks; returns them, and whether the track was moved."""
        matrix = self._tracker.matrix
        reach = np.array([[1.0, 0, 0.5 * (_VIEW_REACH - 1) * SIZE]] * 2)
        reach[1] = [0, 1, reach[0, 2]]
        view = rescale(compose(reach, matrix), round(_VIEW_REACH * SIZE), _VIEW)
        to_crop = compose(matrix, invert(view))
        faces = self._detector.detect(patch.grey().warp(view, _VIEW), _VIEW_FACE)
        expected = self._expected
        width = np.hypot(*np.diff(eye_centres(expected), axis=0)[0])
        for face in faces:
            points = transform(to_crop, face.landmarks)
            correction = fit_similarity(points[RIGID], expected[RIGID])
            ratio = scale_of(correction)
            away = np.hypot(*(eye_centres(points) - eye_centres(expected)).T).max() / width
            if away > 1 or not 1 / _MAX_SIZE_RATIO < ratio < _MAX_SIZE_RATIO:
                continue
            self._next_detection = time + self._params.detect_every
            self._detected, self._misses = face.confidence, 0
            self._renewed = self._tracker.renewed
            fresh = bool(away > _MAX_DRIFT)
            if fresh:
                matrix = compose(correction, matrix)
                points = transform(correction, points)
                self._tracker = RigidTracker(patch.grey(), matrix, expected)
                self._renewed = 0
                self._place = matrix
            self._remember(points)
            return self._sized_points(points), fresh
        self._misses += 1
        self._detected *= 0.7
        self._next_detection = time + self._params.retry_every
        if self._misses >= _MISSES and self._tracker.renewed > self._renewed:
            self._tracker = None
        return None, False

    def _search(self, time: float, image: np.ndarray) -> Observation | None:
        self._next_detection = time + self._params.retry_every
        face = self._find(time, image)
        if face is None:
            return None
        matrix = self._lock(face.landmarks)
        if self._shrink is None or not 2 / 3 < scale_of(matrix) / self._scale < 3 / 2:
            self._shrink = Shrink.of(self._sized(matrix))
            self._scale = scale_of(matrix)
        patch = cut(image, matrix, SIZE, self._shrink)
        points = transform(matrix, face.landmarks)
        fresh = True
        if self._tracker is not None:
            tracked = self._tracker.track(patch.grey(), start=matrix)
            fresh = tracked is None
            matrix = matrix if fresh else tracked.matrix
        if fresh:
            self._tracker = RigidTracker(patch.grey(), matrix, points)
        self._place = matrix
        self._detected, self._misses = face.confidence, 0
        self._renewed = self._tracker.renewed
        self._next_detection = time + self._params.detect_every
        points = transform(matrix, face.landmarks)
        self._remember(points)
        sized = self._sized(matrix)
        return Observation(
            sized,
            sized,
            face.confidence,
            self._sized_points(points),
            fresh,
            patch,
            self._shrink,
        )

    def _find(self, time: float, image: np.ndarray) -> Face | None:
        """Search a frame: plainly, and now and then for faces that this does not find."""
        if self._hidden:
            eyes = transform(invert(self._place), eye_centres(self._expected))
            face = look_near(self._detector, image, eyes)
            if face is not None:
                return face
        face = self._choose(self._detector.detect(image))
        if face is not None and (face.confidence < _SURE or abs(_roll(face)) > _ROLLED):
            face = self._upright(image, face)
        if face is not None or time < self._next_further - _INSTANT:
            self._hidden = self._hidden and face is None
            return face
        self._next_further = time + self._further_every
        for faces in further_searches(self._detector, image):
            face = self._choose(faces)
            face = None if face is None else seen_upright(self._detector, image, face)
            if face is not None:
                self._hidden, self._further_every = True, _FURTHER_EVERY
                return face
        self._further_every = min(2 * self._further_every, _FURTHER_AT_MOST)
        return None

    def _upright(self, image: np.ndarray, face: Face) -> Face | None:
        """Look again at a face that is rolled, or may be a texture or one that is rolled."""
        better = seen_upright(self._detector, image, face)
        if better is None or abs(_roll(better)) > _ROLLED:
            return better
        moved = eyes_apart(eye_centres(face.landmarks), eye_centres(better.landmarks))
        return better if moved > _MAX_DRIFT else face

    def _choose(self, faces: list[Face]) -> Face | None:
        if not faces:
            return None
        if self._place is None:
            sure = [face for face in faces if face.confidence >= _SURE] or faces[:1]
            if len(sure) > 1 and not self._others:
                self._others = True
                log.warning("%s: %d faces, following the largest", self._label, len(sure))
            return max(sure, key=lambda face: face.width)
        # The face that was followed before: near its last place and of its size.
        expected = transform(invert(self._place), eye_centres(self._expected))
        width = np.hypot(*(expected[1] - expected[0]))

        def distance(face: Face) -> float:
            eyes = eye_centres(face.landmarks)
            away = np.hypot(*(eyes.mean(axis=0) - expected.mean(axis=0))) / width
            return float(away + 2 * abs(np.log(np.hypot(*(eyes[1] - eyes[0])) / width)))

        nearest = min(faces, key=distance)
        if (self._others or self._tracker is not None) and distance(nearest) > 3:
            return None
        return nearest

    def _lock(self, landmarks: np.ndarray) -> np.ndarray:
        """Return the transform that puts landmarks where they were before, or upright."""
        if self._expected is not None:
            return fit_similarity(landmarks[RIGID], self._expected[RIGID])
        return upright(landmarks, SIZE, self._params.crop_iod, self._params.eye_line)

    def _is_inside(self, matrix: np.ndarray, image: np.ndarray) -> bool:
        height, width = image.shape[:2]
        points = transform(invert(matrix), self._expected[RIGID]).tolist()
        inside = sum(0 < x < width - 1 and 0 < y < height - 1 for x, y in points)
        return inside >= _MIN_INSIDE * len(points)

    def _remember(self, points: np.ndarray) -> None:
        self._key_landmarks.append(points)
        self._expected = np.median(self._key_landmarks, axis=0)

    def _sized(self, matrix: np.ndarray) -> np.ndarray:
        return rescale(matrix, SIZE, self._params.crop_size)

    def _sized_points(self, points: np.ndarray) -> np.ndarray:
        ratio = self._params.crop_size / SIZE
        return points * ratio + (0.5 * ratio - 0.5)


def _roll(face: Face) -> float:
    """Return the roll of a face, rad."""
    right, left = eye_centres(face.landmarks)
    return float(np.arctan2(left[1] - right[1], left[0] - right[0]))


def _middle(image: np.ndarray) -> np.ndarray:
    """Return the transform of the largest square in the middle of a frame."""
    height, width = image.shape[:2]
    scale = SIZE / min(height, width)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.column_stack([np.eye(2) * scale, (SIZE - 1) / 2 - scale * centre])
