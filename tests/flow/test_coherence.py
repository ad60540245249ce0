from __future__ import annotations

import numpy as np
import pytest

from mespot.flow.coherence import Coherence
from mespot.flow.regions import EXPRESSIVE
from mespot.flow.rigid import design
from tests.flow.plain import PLACES, REGIONS

DEPTHS = np.array([region.depth for region in EXPRESSIVE])


@pytest.fixture(scope="module")
def face() -> Coherence:
    return Coherence(REGIONS, PLACES)


def described(face: Coherence, field: np.ndarray) -> dict[str, float]:
    found = face.describe(field[face.used].reshape(1, -1))
    return {name: float(value[0]) for name, value in found.items()}


def test_what_a_head_does_leaves_nothing(face):
    for number in range(6):
        found = described(face, 0.1 * design(PLACES, DEPTHS)[..., number])
        assert found["unrigid"] < 1e-9
        assert found["unbent_share"] < 1e-9


def test_a_smile_is_not_what_a_head_does(face):
    field = np.zeros((len(REGIONS), 2))
    for name, sideways in (("lip_corner_r", -0.08), ("lip_corner_l", 0.08)):
        field[REGIONS.index(name)] = sideways, -0.05
    found = described(face, field)
    assert found["unrigid_share"] > 0.5
    assert found["regions"] == pytest.approx(2.0)


def test_a_bent_field_is_left_by_a_rigid_head_alone(face):
    field = np.stack([0.1 * PLACES[:, 1] ** 2, np.zeros(len(PLACES))], axis=1)
    found = described(face, field)
    assert found["unrigid_share"] > 0.01
    assert found["unbent_share"] < 1e-9


def test_all_regions_alike_share_a_movement(face):
    found = described(face, np.full((len(REGIONS), 2), 0.03))
    assert found["regions"] == pytest.approx(len(face.used))


def test_upper_lids_do_not_count(face):
    field = np.zeros((len(REGIONS), 2))
    field[[REGIONS.index("lid_upper_r"), REGIONS.index("lid_upper_l")], 1] = 0.2
    found = described(face, field)
    assert found["unrigid"] == 0.0 and found["regions"] == 0.0


def test_no_movements_are_described(face):
    found = face.describe(np.zeros((0, 2 * len(face.used))))
    assert all(value.shape == (0,) for value in found.values())
