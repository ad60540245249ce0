from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from mespot.flow.estimate import make_flow


def moved(shift, noise_seed):
    """A face of about 44 px IOD moved by a sub-pixel shift, with sensor noise."""
    picture = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float64)
    crop = ndimage.shift(smooth, shift[::-1], order=5)[50:190, 160:288]
    noise = np.random.default_rng(noise_seed).normal(0, 1.0, crop.shape)
    return np.clip(np.round(crop + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [(0.25, 0.1), (1.0, 0.5), (4.0, -2.0)])
def test_known_shift_is_recovered_without_shrinkage(shift):
    flow = make_flow()(moved((0, 0), 1), moved(shift, 2))
    inner = flow[30:-30, 30:-30].reshape(-1, 2).mean(axis=0)
    assert np.abs(inner - shift).max() < 0.03 + 0.03 * np.abs(shift).max()


def test_x_is_to_the_right_and_y_down():
    flow = make_flow()(moved((0, 0), 1), moved((1.0, -1.0), 2))
    x, y = flow[30:-30, 30:-30].reshape(-1, 2).mean(axis=0)
    assert 0.9 < x < 1.1 and -1.1 < y < -0.9
    assert flow.dtype == np.float32


def test_a_large_shift_is_found_from_far():
    flow = make_flow()(moved((0, 0), 1), moved((7.0, 3.0), 2))
    assert np.abs(flow[30:-30, 30:-30].reshape(-1, 2).mean(axis=0) - (7.0, 3.0)).max() < 0.1


def test_another_reference_is_not_taken_for_the_last_one():
    flow = make_flow()
    still, away = moved((0, 0), 1), moved((1.0, 0.5), 2)
    there, back = flow(still, away), flow(away, still)
    assert np.array_equal(flow(still, away), there)
    inner = (there + back)[30:-30, 30:-30].reshape(-1, 2).mean(axis=0)
    assert np.abs(inner).max() < 0.05 < np.abs(there).max()


@pytest.mark.parametrize("size", [(140, 128), (139, 127), (17, 16)])
def test_flow_owes_nothing_to_the_frames_before(size):
    still, near, far = (moved(shift, 2)[: size[0], : size[1]] for shift in [(0, 0), (1, 0), (7, 3)])
    flow = make_flow()
    first = flow(still, near)
    assert first.shape == (*size, 2)
    kept = first.copy()
    flow(still, far)
    assert np.array_equal(first, kept)
    assert np.array_equal(flow(still, near), kept)
    assert np.array_equal(make_flow()(still, near), kept)
