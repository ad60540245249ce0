"""The neutral face is told from faces that are not, if flow tells by how much."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.crops.track import FaceTrack
from mespot.flow.geometry import face_geometry
from mespot.synth.portrait import LANDMARKS
from tests.flow.plain import REGIONS

IOD = 40.0
LIPS, WIDTH, CORNERS, BROWS = range(4)
# what a smile with parted lips does to landmarks and regions, IOD
SMILE = {
    "lip_corner_r": ((48, 60), (-0.1, -0.08)),
    "lip_corner_l": ((54, 64), (0.1, -0.08)),
    "lower_lip": ((55, 56, 57, 58, 59, 65, 66, 67), (0.0, 0.12)),
    "brow": (tuple(range(17, 27)), (0.0, -0.06)),
}


@pytest.fixture
def neutral():
    """Landmarks (68, 2) in px of a crop, with an IOD of 40."""
    points = np.asarray(LANDMARKS, dtype=np.float64)
    iod = np.linalg.norm(points[36:42].mean(axis=0) - points[42:48].mean(axis=0))
    return 30.0 + IOD * (points - points.min(axis=0)) / iod


def track_of(faces: dict[int, np.ndarray], count: int = 20) -> FaceTrack:
    """Key frames: crop -> landmarks."""
    frame = np.arange(count)
    return FaceTrack(
        fps=25.0, frames=count, frame=frame, time=frame / 25.0,
        matrix=np.tile(np.eye(2, 3), (count, 1, 1)), landmarks=faces[min(faces)],
        success=np.ones(count, bool), confidence=np.ones(count, np.float32),
        head=np.zeros((count, 4)), size=160, iod=IOD, grey=True, key=np.array(sorted(faces)),
        key_landmarks=np.stack([faces[key] for key in sorted(faces)]),
    )  # fmt: skip


def smiling(points: np.ndarray, share: float = 1.0) -> np.ndarray:
    found = points.copy()
    for numbers, move in SMILE.values():
        found[list(numbers)] += share * IOD * np.array(move)
    return found


def moved(share: np.ndarray) -> np.ndarray:
    """What flow measures, (N, R, 2), of a smile that is held to ``share`` (N,)."""
    table = np.zeros((len(share), len(REGIONS), 2))
    for start, (_, move) in SMILE.items():
        own = [number for number, name in enumerate(REGIONS) if name.startswith(start)]
        table[:, own] += share[:, None, None] * np.array(move)
    return table


def test_the_four_numbers_of_a_face(neutral):
    still = np.zeros((20, len(REGIONS), 2))
    base = face_geometry(track_of({0: neutral}), still, REGIONS)
    assert base.shape == (4,)
    assert 0.0 <= base[LIPS] < 0.2 and 0.2 < base[WIDTH] < 0.6 and 0.2 < base[BROWS] < 0.6
    changes = {LIPS: 0.12, WIDTH: 0.1, CORNERS: 0.08 + 0.06, BROWS: 0.06}
    smile = face_geometry(track_of({0: smiling(neutral)}), still, REGIONS)
    for number, change in changes.items():
        assert smile[number] - base[number] == pytest.approx(change, abs=1e-6), number


def test_what_flow_measured_is_taken_off(neutral):
    still = np.zeros((20, len(REGIONS), 2))
    base = face_geometry(track_of({0: neutral}), still, REGIONS)
    share = np.linspace(0.0, 1.0, 20)
    faces = {key: smiling(neutral, share[key]) for key in (4, 11, 19)}
    np.testing.assert_allclose(face_geometry(track_of(faces), moved(share), REGIONS), base)


def test_of_several_key_frames_the_median_counts(neutral):
    still = np.zeros((20, len(REGIONS), 2))
    base = face_geometry(track_of({0: neutral}), still, REGIONS)
    faces = {0: neutral, 5: smiling(neutral), 10: neutral, 15: neutral + 3.0}  # one is badly placed
    np.testing.assert_allclose(face_geometry(track_of(faces), still, REGIONS), base, atol=1e-9)


def test_size_and_place_of_the_face_do_not_matter(neutral):
    still = np.zeros((20, len(REGIONS), 2))
    base = face_geometry(track_of({0: neutral}), still, REGIONS)
    large = dataclasses.replace(track_of({0: 2.0 * neutral + 7.0}), iod=2.0 * IOD)
    np.testing.assert_allclose(face_geometry(large, still, REGIONS), base, atol=1e-9)


def test_without_key_frames_the_median_landmarks_are_the_face(neutral):
    still = np.zeros((20, len(REGIONS), 2))
    none = dataclasses.replace(
        track_of({0: neutral}), key=np.zeros(0, np.int64), key_landmarks=np.zeros((0, 68, 2))
    )
    found = face_geometry(none, still, REGIONS)
    np.testing.assert_allclose(found, face_geometry(track_of({0: neutral}), still, REGIONS))
