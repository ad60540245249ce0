from __future__ import annotations

import cv2
import numpy as np
import pytest

from mespot.faces.geometry import compose, similarity, transform
from mespot.faces.registration import Template

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
