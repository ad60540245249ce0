from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest
from skimage import data

from mespot.faces.alignment import align_video, stride_of
from mespot.faces.geometry import compose, invert, pose_of, scale_of, transform
from mespot.faces.landmarks import crop_anchor, eye_centres
from mespot.faces.tracker import RigidTracker

FACE = np.array([224.0, 130.0])  # px, centre of the face in the portrait


def displacement(crops, source) -> np.ndarray:
    """(N, 5, 2) crop px by which points fixed on the head wander in the crop."""
    size = crops[0].pixels.shape[0]
    points = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.4, 0.8], [0.6, 0.8]]) * size
    on_head = transform(invert(compose(crops[0].matrix, source.matrix(crops[0].frame))), points)
    return np.stack(
        [transform(compose(c.matrix, source.matrix(c.frame)), on_head) - points for c in crops]
    )


def strong(i: int) -> tuple[float, float, float, float]:
    return (
        10 * np.sin(i / 5),
        18 * np.sin(i / 4),
        np.deg2rad(10) * np.sin(i / 6),
        1 + 0.05 * np.sin(i / 5),
    )


def test_still_head_does_not_jitter(scene, params):
    source = scene(count=40)
    crops = list(align_video(source, params, "still"))
    moved = displacement(crops, source)
    assert moved.std(axis=0).max() < 0.02  # crop px
    assert all(crop.success for crop in crops)
    assert min(crop.confidence for crop in crops) > 0.8


@pytest.mark.parametrize("zoom", [1.1, 1.8, 3.5])
def test_strong_planar_motion_is_taken_out(scene, params, zoom):
    source = scene(count=45, motion=strong, zoom=zoom, noise=3.0, shape=(480, 640))
    crops = list(align_video(source, params, "strong"))
    moved = displacement(crops, source)
    assert np.abs(moved).max() < 0.3
    assert np.sqrt((moved**2).mean()) < 0.06
    assert np.std([crop.pixels[60:100, 60:130].mean() for crop in crops]) < 0.5


def test_geometry_of_the_crop(scene, params):
    source = scene(count=1, motion=lambda i: (0, 0, np.deg2rad(12), 1))
    crop = next(iter(align_video(source, params, "tilted")))
    eyes = eye_centres(crop.landmarks)
    assert np.allclose(eyes[:, 1], params.eye_line * params.crop_size, atol=0.5)
    assert eyes[1, 0] - eyes[0, 0] == pytest.approx(params.crop_iod * params.crop_size, abs=0.5)
    assert crop.landmarks[:, 1].max() < params.crop_size  # the chin is inside


def test_short_gap_is_bridged_and_counted_as_failure(scene, params):
    source = scene(count=36, motion=lambda i: (0.6 * i, 0, 0, 1), absent=range(15, 21))
    crops = list(align_video(source, params, "blink of the camera"))
    assert [c.success for c in crops] == [i not in source.absent for i in range(36)]
    assert all(c.confidence == 0 for c in crops if not c.success)
    moved = displacement(crops, source)
    assert np.abs(moved).max() < 0.3  # the bridge follows the head's steady motion


@pytest.mark.slow
def test_long_gap_holds_the_last_transform_and_recovers(scene, params):
    source = scene(count=120, motion=lambda i: (20 * (i >= 75), 0, 0, 1), absent=range(30, 90))
    crops = list(align_video(source, params, "absent 2 s"))
    assert [c.frame for c in crops] == list(range(120))
    assert not any(c.success for c in crops[30:90])
    assert all(c.success for c in crops[:30])
    assert all(c.success for c in crops[90 + 7 :])  # found again within one retry
    held = np.stack([c.matrix for c in crops[50:80]])
    assert np.ptp(held, axis=0).max() == 0
    moved = displacement(crops, source)
    assert np.abs(moved[100:] - moved[100:].mean(axis=0)).max() < 0.05
    assert np.abs(moved[100:]).max() < 1.0  # the same crop as before, up to landmark noise


@pytest.mark.slow
def test_face_that_comes_late(scene, params):
    source = scene(count=60, absent=range(0, 40))
    crops = list(align_video(source, params, "late"))
    assert not any(c.success for c in crops[:40])
    assert all(c.success for c in crops[47:])
    assert len({c.pixels.shape for c in crops}) == 1


def test_noise_is_no_face(scene, params):
    crops = list(align_video(scene(count=20, absent=range(20)), params, "noise"))
    assert len(crops) == 20
    assert not any(c.success for c in crops)


@pytest.mark.slow
def test_second_face_is_reported_once_and_not_followed(scene, params, caplog):
    source = scene(count=75, second=True, absent=range(0), shape=(360, 640))
    with caplog.at_level(logging.WARNING):
        crops = list(align_video(source, params, "pair"))
    assert [record.getMessage() for record in caplog.records] == [
        "pair: 2 faces, following the largest"
    ]
    assert np.abs(displacement(crops, source)).max() < 0.2
    assert scale_of(crops[0].matrix) < 1.0  # the large face, not the small one


def test_grey_video(scene, params):
    source = scene(count=10, grey=True, motion=strong)
    crops = list(align_video(source, params, "grey"))
    assert crops[0].pixels.shape == (params.crop_size, params.crop_size)
    assert np.abs(displacement(crops, source)).max() < 0.2


def test_fast_video_is_thinned(scene, params):
    assert [stride_of(fps, 60.0) for fps in (25.0, 30.0, 60.0, 100.0, 200.0)] == [1, 1, 1, 2, 4]
    crops = list(align_video(scene(count=21, fps=200.0), params, "fast"))
    assert [c.frame for c in crops] == [0, 4, 8, 12, 16, 20]


def test_change_of_light_is_no_motion(scene, params):
    class Dimmed(scene):
        def image(self, index):
            factor = 1 - 0.3 * (1 + np.sin(index / 4)) / 2
            return (super().image(index) * factor).astype(np.uint8)

    source = Dimmed(count=40)
    crops = list(align_video(source, params, "dimmed"))
    assert displacement(crops, source).std(axis=0).max() < 0.03


def test_rotation_passes_through_the_pose_unchanged(scene, params):
    source = scene(count=30, motion=lambda i: (0, 0, 0.01 * i, 1))
    crops = list(align_video(source, params, "roll"))
    anchor = crop_anchor(params.crop_size, params.eye_line)
    angles = np.array([pose_of(c.matrix, anchor)[2] for c in crops])
    assert np.allclose(np.diff(angles), -0.01, atol=1e-3)


@pytest.mark.slow
def test_hand_before_the_face(scene, params):
    class Hand(scene):
        def image(self, index):
            picture = super().image(index)
            if 10 <= index < 40:
                x, y = transform(self.matrix(index), FACE[None])[0]
                cv2.circle(picture, (int(x), int(y)), 95, (200, 150, 120), cv2.FILLED)
            return picture

    source = Hand(count=60, motion=lambda i: (0.5 * i, 0, 0, 1))
    crops = list(align_video(source, params, "hand"))
    seen = np.array([c.success for c in crops])
    assert seen[:10].all() and not seen[10:40].any() and seen[47:].all()
    assert np.abs(displacement(crops, source)[seen]).max() < 0.3


def test_head_that_leaves_the_frame(scene, params):
    source = scene(count=30, motion=lambda i: (9 * i, 0, 0, 1))
    crops = list(align_video(source, params, "leaving"))
    assert all(c.success for c in crops[:8])
    assert not any(c.success for c in crops[-8:])


def test_raised_brows_do_not_move_the_head(scene, params):
    class Brows(scene):
        def image(self, index):
            raised = 8 * np.exp(-(((index - 15) / 4) ** 2))  # portrait px
            y, x = np.mgrid[:512, :512].astype(np.float32)
            field = raised * np.exp(-(((x - 222) / 40) ** 2) - ((y - 76) / 16) ** 2)
            face = cv2.remap(data.astronaut(), x, np.float32(y + field), cv2.INTER_CUBIC)
            size = self.shape[::-1]
            picture = cv2.warpAffine(face, self.matrix(index), size, flags=cv2.INTER_CUBIC)
            noise = np.random.default_rng(index).normal(0, 1.5, picture.shape)
            return np.clip(picture + noise, 0, 255).astype(np.uint8)

    source = Brows(count=30)
    crops = list(align_video(source, params, "brows"))
    moved = displacement(crops, source)
    raised = 8 * 1.8 * scale_of(crops[0].matrix)  # crop px
    assert raised > 6
    assert np.abs(moved).max() < 0.06 * raised


def test_reference_is_renewed_without_a_jump(scene, params, monkeypatch):
    class Ageing(scene):
        def image(self, index):
            picture = super().image(index).astype(np.float32)
            other = cv2.GaussianBlur(255 - picture, (0, 0), 2.5)
            share = 0.5 * index / self.count
            return ((1 - share) * picture + share * other).astype(np.uint8)

    references = []
    set_reference = RigidTracker._set_reference
    monkeypatch.setattr(
        RigidTracker,
        "_set_reference",
        lambda self, crop: (references.append(1), set_reference(self, crop)),
    )
    source = Ageing(count=60, motion=lambda i: (2.0 * i - 60, 0, 0, 1))
    crops = list(align_video(source, params, "ageing"))
    assert all(c.success for c in crops)
    assert len(references) > 1
    moved = displacement(crops, source)
    assert np.abs(np.diff(moved, axis=0)).max() < 0.25  # a jump by one step would be 1.3 px
