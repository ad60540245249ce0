from __future__ import annotations

import cv2
import numpy as np
import pytest

from mespot.faces.geometry import compose, similarity, transform
from mespot.faces.registration import Template, _solve
from mespot.faces.warp import Patch

SIZE = 120
CENTRES = [(x, y) for y in (30, 60, 90) for x in (30, 60, 90)]


def texture() -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, 1, (SIZE, SIZE))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.float32(120 + 30 * smooth / smooth.std())


def discs() -> list[np.ndarray]:
    y, x = np.mgrid[:SIZE, :SIZE]
    return [np.hypot(x - cx, y - cy) < 9 for cx, cy in CENTRES]


def register(reference: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return where the fit sends the centres of the image, px of the reference."""
    template, total = Template(reference, discs()), np.eye(2, 3)
    for _ in range(8):
        moved = cv2.warpAffine(image, total, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
        total = compose(template.fit(template.values(moved)).step, total)
    return transform(total, np.array(CENTRES, dtype=float))


def test_similarity_is_recovered():
    motion = similarity(0.02, 0.01, np.full(2, 60.0), np.array([60.9, 58.8]))
    image = cv2.warpAffine(texture(), motion, (SIZE, SIZE), flags=cv2.INTER_CUBIC)
    back = register(texture(), image)
    assert np.abs(transform(motion, back) - CENTRES).max() < 0.03


def test_parts_that_move_on_their_own_have_no_say():
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    lift = 1.5 * np.exp(-(((y - 30) / 14) ** 2))  # px: the upper three discs rise
    image = cv2.remap(texture(), x, np.float32(y + lift), cv2.INTER_CUBIC)
    back = register(texture(), image)
    assert np.abs(back - CENTRES).max() < 0.06  # least squares: more than 1 px


def test_light_from_the_side_is_no_motion():
    gain = np.repeat(np.float32([0.6, 1.0, 1.4]), SIZE // 3)  # of the three columns of discs
    motion = np.float64([[1, 0, 0.6], [0, 1, -0.4]])
    image = cv2.warpAffine(texture(), motion, (SIZE, SIZE), flags=cv2.INTER_CUBIC) * gain
    back = register(texture(), image)
    assert np.abs(transform(motion, back) - CENTRES).max() < 0.05


@pytest.mark.parametrize("picture", ["flat", "other"])
def test_other_picture_does_not_correlate(picture):
    other = np.full((SIZE, SIZE), 90, np.float32)
    if picture == "other":
        other = np.ascontiguousarray(texture()[::-1, ::-1])
    template = Template(texture(), discs())
    fit = template.fit(template.values(other))
    assert fit.correlation < 0.4
    assert np.isfinite(fit.step).all()


def test_a_few_equations_are_solved_as_the_library_does():
    rng = np.random.default_rng(4)
    root = rng.normal(size=(4, 6))
    matrix, right = root @ root.T, rng.normal(size=4)
    found = _solve(np.column_stack([matrix, right]).ravel())
    assert np.allclose(found, np.linalg.solve(matrix, right), rtol=1e-6)


@pytest.mark.parametrize("boxes", [1, 2])
def test_pixels_of_a_crop_are_those_of_the_whole_crop(boxes):
    rng = np.random.default_rng(5)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (120, 140), np.uint8), (0, 0), 2)
    patch = Patch(picture, np.array([10.0, 4.0]), boxes)
    matrix = similarity(
        0.2, -0.1 - np.log(boxes), np.array([75.0, 60.0]) * boxes, np.array([30, 28])
    )
    whole = patch.warp(matrix, 60)
    spots = rng.integers(20, 40, (3, 50, 2)).astype(np.float32)
    wanted = whole[spots[..., 1].astype(int), spots[..., 0].astype(int)]
    part = patch.part(matrix, np.array([15.0, 15.0]), np.array([45.0, 45.0]))
    assert part.pixels.size < 0.6 * picture.size
    for one in (patch, part):
        assert np.abs(one.sample(matrix, spots).astype(int) - wanted).max() <= 1
    soft = patch.blurred(matrix, 1.0).sample(matrix, spots).astype(float)
    other = cv2.GaussianBlur(whole, (7, 7), 1.0)
    wanted = other[spots[..., 1].astype(int), spots[..., 0].astype(int)]
    assert np.abs(soft - wanted).mean() < 1.0
