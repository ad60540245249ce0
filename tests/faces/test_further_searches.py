from __future__ import annotations

import cv2
import numpy as np
import pytest

from mespot.faces.alignment import align_video
from mespot.faces.detector import DlibDetector, Face
from mespot.faces.follower import HeadFollower
from mespot.faces.further_searches import LEAST_FACE, further_searches, seen_upright
from mespot.faces.geometry import compose, invert, transform
from mespot.faces.landmarks import RIGID, eye_centres


@pytest.fixture(scope="module")
def truth(scene):
    """Landmarks of the portrait, (68, 2) portrait px, as an upright view shows them."""
    upright = scene(grey=True, zoom=2.0, noise=0.0)
    face = DlibDetector().detect(upright.image(0).mean(axis=2).astype(np.uint8))[0]
    return transform(invert(upright.matrix(0)), face.landmarks)


def away(landmarks, matrix, truth) -> float:
    """Mean distance of the rigid landmarks from true ones, inter-ocular distances."""
    expected = transform(matrix, truth)
    iod = np.hypot(*np.diff(eye_centres(expected), axis=0)[0])
    return float(np.hypot(*(landmarks - expected)[RIGID].T).mean() / iod)


class Close:
    """A wide close-up: brows to upper lip."""

    fps, grey = 30.0, True

    def __init__(self, source, truth) -> None:
        self.source, self.frames = source, source.count
        points = transform(source.matrix(0), truth)
        self.top = int(points[17:27, 1].min() - 5)
        self.bottom = int(points[51, 1])

    def iterate(self, stride=1):
        for index, image in self.source.iterate(stride):
            yield index, image[self.top : self.bottom]


def test_close_up_without_mouth_chin_and_forehead(scene, params, truth):
    source = scene(count=8, grey=True, zoom=5.0, shape=(800, 1100), motion=lambda i: (i, 0, 0, 1))
    close = Close(source, truth)
    image = next(close.iterate())[1]
    assert DlibDetector().detect(image) == []
    crops = list(align_video(close, params, "close"))
    assert all(crop.success for crop in crops)
    moved = np.array([[1.0, 0, 0], [0, 1, -close.top]])
    for crop in crops:
        points = compose(crop.matrix, compose(moved, source.matrix(crop.frame)))
        eyes = eye_centres(transform(points, truth))
        assert np.abs(eyes - eye_centres(crops[0].landmarks)).max() < 2.5  # crop px


@pytest.mark.parametrize("degrees", [-60, 40, 60])
def test_rolled_head_is_found_and_its_crops_are_upright(scene, params, truth, degrees):
    roll = np.deg2rad(degrees)
    source = scene(count=6, grey=True, motion=lambda i: (i, 0, roll + 0.01 * i, 1))
    crops = list(align_video(source, params, "rolled"))
    assert all(crop.success for crop in crops)
    for crop in crops:
        right, left = eye_centres(transform(compose(crop.matrix, source.matrix(crop.frame)), truth))
        assert abs(np.degrees(np.arctan2(*(left - right)[::-1]))) < 2
    landmarks = transform(invert(crops[0].matrix), crops[0].landmarks)
    assert away(landmarks, source.matrix(0), truth) < 0.03


def test_small_face_in_a_large_picture(scene, truth):
    source = scene(count=1, grey=True, zoom=0.5, shape=(1080, 1920))
    image = next(source.iterate())[1]
    detector = DlibDetector()
    assert detector.detect(image) == []
    found = [face for faces in further_searches(detector, image) for face in faces]
    assert len(found) == 1 and LEAST_FACE < found[0].width < 80
    assert away(seen_upright(detector, image, found[0]).landmarks, source.matrix(0), truth) < 0.06


def test_dim_face_has_the_landmarks_of_a_bright_one(scene, truth):
    source = scene(count=1, grey=True, noise=0.0)
    image = next(source.iterate())[1]
    for gain in (0.2, 0.05):
        dim = (image * gain).astype(np.uint8)
        (face,) = DlibDetector().detect(dim)
        assert away(face.landmarks, source.matrix(0), truth) < 0.03


class Fake:
    """Takes a texture of whole frames for a face; counts what it is asked."""

    def __init__(self, faces: list[Face], frame: tuple[int, int]) -> None:
        self.faces, self.frame = faces, frame
        self.plain = self.further = 0

    def detect(self, image, smallest=1 / 6):
        if image.shape == self.frame and smallest == 1 / 6:
            self.plain += 1
            return self.faces
        self.further += 1
        return []


def test_texture_that_no_upright_view_confirms_is_not_followed(params, truth):
    weak = Face(np.array([10.0, 10, 90, 90]), truth.astype(np.float32), 0.52)
    sure = Face(weak.box, weak.landmarks, 0.9)
    image = np.full((360, 480), 90, np.uint8)
    for face, expected in ((weak, None), (sure, 0.9)):
        follower = HeadFollower(Fake([face], image.shape), params, "texture")
        seen = follower.step(0.0, image)
        assert (None if seen.matrix is None else seen.confidence) == expected


def test_further_searches_become_rare_in_a_video_without_a_face(params):
    image = np.full((1080, 1920), 90, np.uint8)
    detector = Fake([], image.shape)
    follower = HeadFollower(detector, params, "empty")
    counts = []
    for second in range(64):
        follower.step(float(second), cv2.add(image, second))
        counts.append(detector.further)
    each = counts[0]
    assert 3 <= each <= 5
    assert detector.plain == 64
    assert [at for at in range(1, 64) if counts[at] > counts[at - 1]] == [2, 6, 14, 30, 46, 62]
    assert counts[-1] == 7 * each


def test_a_face_found_at_once_costs_one_search(scene, params):
    image = next(scene(grey=True).iterate())[1]
    asked = []

    class Counting(DlibDetector):
        def detect(self, image, smallest=1 / 6):
            asked.append(image.shape)
            return super().detect(image, smallest)

    assert HeadFollower(Counting(), params, "plain").step(0.0, image).matrix is not None
    assert asked == [image.shape]
