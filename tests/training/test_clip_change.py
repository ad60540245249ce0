from __future__ import annotations

import cv2
import numpy as np
import pytest

from mespot.training.augmentation.clip_change import ClipChange, change_clip, draw_change
from mespot.training.augmentation.crops import Box, squared
from mespot.training.augmentation.rand_augment import Operation
from tests.classification.toy_clips import section

SIZE = 64
WHOLE = Box(0, 0, SIZE, SIZE)


def picture(height, width):
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (8, 8, 3), np.uint8)
    frame = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.stack([frame, 255 - frame, frame])


def apart(one, other):
    return np.abs(one.astype(int) - other).mean()


@pytest.mark.parametrize("shape", [(64, 64), (96, 80), (300, 400)])
def test_an_unchanged_clip_is_what_the_test_sees(shape):
    pixels = picture(*shape)
    same = change_clip(pixels, SIZE, ClipChange(WHOLE, False, []))
    assert same.shape == (3, SIZE, SIZE, 3) and same.dtype == np.uint8
    assert (same == squared(pixels, SIZE)).all()
    mirrored = change_clip(pixels, SIZE, ClipChange(WHOLE, True, []))
    assert (mirrored == same[:, :, ::-1]).all()


def test_grey_clips_are_cut_as_colour_ones():
    pixels = picture(64, 64)
    change = ClipChange(Box(8, 20, 40, 24), True, [])
    grey = change_clip(np.ascontiguousarray(pixels[..., 0]), SIZE, change)
    assert np.array_equal(grey, change_clip(pixels, SIZE, change)[..., 0])


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("box", [WHOLE, Box(8, 20, 40, 24), Box(0, 0, 20, 64)])
def test_the_general_warp_agrees_with_cut_and_resize(box, mirrored):
    pixels = picture(96, 80)
    upright = change_clip(pixels, SIZE, ClipChange(box, mirrored, []))
    warped = change_clip(pixels, SIZE, ClipChange(box, mirrored, [Operation("rotate", 0.0)]))
    assert apart(upright[:, 2:-2, 2:-2], warped[:, 2:-2, 2:-2]) < 2.0
    shifted = ClipChange(box, mirrored, [Operation("translate_x", 0.3)])
    assert apart(upright, change_clip(pixels, SIZE, shifted)) > 10


def test_a_turn_moves_pixels_as_opencv_does_about_the_centre():
    pixels = picture(SIZE, SIZE)
    turned = change_clip(pixels, SIZE, ClipChange(WHOLE, False, [Operation("rotate", 0.5)]))
    matrix = cv2.getRotationMatrix2D(((SIZE - 1) / 2,) * 2, 15, 1)
    expected = cv2.warpAffine(pixels[0], matrix, (SIZE, SIZE), borderValue=(128,) * 3)
    assert apart(turned[0], expected) < 1.0


def test_all_frames_are_changed_alike_by_every_operation():
    pixels = np.repeat(picture(80, 80)[:1], 4, 0)
    params = section(rand_ops=4, rand_magnitude=7.0, crop_area=(0.3, 1.0))
    seen = set()
    for seed in range(60):
        change = draw_change(SIZE, params, True, params.flip, np.random.default_rng(seed))
        seen |= {operation.name for operation in change.operations}
        result = change_clip(pixels, SIZE, change)
        # statistics are of the whole clip, so even equal frames stay equal
        assert (result == result[:1]).all(), change
    assert len(seen) == 15


def test_colours_are_left_alone_where_the_network_sees_displacements():
    params = section(rand_ops=4, flip=0.0)
    changes = [
        draw_change(SIZE, params, False, 0.0, np.random.default_rng(seed)) for seed in range(9)
    ]
    assert all(not change.operations and not change.mirrored for change in changes)


def test_a_crop_keeps_every_part_of_the_picture_inside():
    params = section(crop_area=(0.08, 1.0), rand_ops=0)
    for seed in range(50):
        box = draw_change(SIZE, params, True, params.flip, np.random.default_rng(seed)).box
        assert box.top >= 0 and box.top + box.height <= SIZE and box.height > 0
        assert box.left >= 0 and box.left + box.width <= SIZE and box.width > 0
