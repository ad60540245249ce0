from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from timm.data import auto_augment as pillow

from mespot.training.augmentation import colours
from mespot.training.augmentation.clip_change import ClipChange, change_clip
from mespot.training.augmentation.crops import Box, crop, multi_scale_box, resized_box
from mespot.training.augmentation.gentle import Strength, augment, draw_changes
from mespot.training.augmentation.rand_augment import Operation, draw_operations

LIGHT = Strength(flip=0.5, reverse=0.5, shift=0.05, contrast=0.2, brightness=20.0)


def _bars():
    clip = np.zeros((4, 16, 40, 40), np.uint8)
    clip[:, :, 18:22, :10] = 100 + np.arange(16, dtype=np.uint8)[None, :, None, None]
    return clip


def _colour(frames=3, size=32):
    rng = np.random.default_rng(0)
    ramp = np.linspace(30, 180, size)[:, None, None] + np.zeros((size, size, 3))
    noise = rng.normal(0, 12, (frames, size, size, 3))
    return np.clip(ramp * (1.0, 0.8, 0.6) + noise, 0, 255).astype(np.uint8)


def test_light_changes_are_seeded_and_keep_clips_together():
    clip = _bars()
    first, again = (
        augment(clip, draw_changes(4, 40, LIGHT, np.random.default_rng(3))) for _ in range(2)
    )
    assert np.array_equal(first, again)
    assert first.shape == clip.shape and first.dtype == np.uint8
    for one in first:
        # the bar stays one bar with the same place in all frames
        places = {tuple(np.argwhere(frame > frame.min()).mean(0).round(3)) for frame in one}
        assert len(places) == 1
        change = np.diff(one[:, 18:22].max((1, 2)).astype(int))
        assert (change >= 0).all() or (change <= 0).all()


def test_changes_of_a_row_do_not_depend_on_which_rows_are_cut():
    clip = _bars()
    changes = draw_changes(4, 40, LIGHT, np.random.default_rng(3))
    some = augment(clip[[1, 3]], [changes[1], changes[3]])
    assert np.array_equal(some, augment(clip, changes)[[1, 3]])


def test_light_changes_can_be_switched_off():
    clip = _bars()
    off = Strength(0.0, 0.0, 0.0, 0.0, 0.0)
    assert np.array_equal(augment(clip, draw_changes(4, 40, off, np.random.default_rng(0))), clip)


def test_multi_scale_boxes_are_the_published_ones():
    boxes = {multi_scale_box(160, (1, 0.875, 0.75, 0.66), np.random.default_rng(i))
             for i in range(3000)}  # fmt: skip
    sizes = {(box.height, box.width) for box in boxes}
    steps = [160, 140, 120, 105]
    wanted = {(a, b) for i, a in enumerate(steps) for j, b in enumerate(steps) if abs(i - j) <= 1}
    assert sizes == wanted and len(wanted) == 10
    assert all(box.top + box.height <= 160 and box.left + box.width <= 160 for box in boxes)
    places = {(box.top, box.left) for box in boxes if (box.height, box.width) == (120, 120)}
    assert places == {
        (0, 0), (0, 40), (40, 0), (40, 40), (20, 20), (20, 0), (20, 40), (40, 20), (0, 20),
        (10, 10), (10, 30), (30, 10), (30, 30),
    }  # fmt: skip


def test_resized_boxes_keep_area_and_ratio():
    rng = np.random.default_rng(0)
    boxes = [resized_box(160, (0.3, 0.8), (0.75, 1.3333), rng) for _ in range(500)]
    area = np.array([box.height * box.width for box in boxes]) / 160**2
    ratio = np.array([box.width / box.height for box in boxes])
    assert 0.29 < area.min() < 0.35 and 0.72 < area.max() < 0.81
    assert ratio.min() > 0.73 and ratio.max() < 1.36 and (ratio < 0.9).any()
    assert all(box.top + box.height <= 160 and box.left + box.width <= 160 for box in boxes)


@pytest.mark.parametrize("shape", [(5, 32, 32), (5, 32, 32, 3)])
def test_crops_are_the_same_box_in_all_frames(shape):
    clip = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None], (5, 32, 32)) * 4
    if len(shape) == 4:
        clip = np.repeat(clip[..., None], 3, -1)
    found = crop(np.ascontiguousarray(clip), Box(8, 0, 16, 16))
    assert found.shape == shape and (found == found[:1]).all()
    assert abs(int(found.min()) - 32) <= 2 and abs(int(found.max()) - 92) <= 2
    assert crop(clip, Box(0, 0, 32, 32)) is clip


@pytest.mark.parametrize(
    "name, own, arguments, theirs",
    [
        ("auto_contrast", (), (), pillow.auto_contrast),
        ("equalize", (), (), pillow.equalize),
        ("invert", (), (), pillow.invert),
        ("posterize", (2,), (2,), pillow.posterize),
        ("solarize", (77,), (77,), pillow.solarize),
        ("solarize_add", (60,), (60,), pillow.solarize_add),
        ("saturation", (1.7,), (1.7,), pillow.color),
        ("saturation", (0.3,), (0.3,), pillow.color),
        ("contrast", (1.6,), (1.6,), pillow.contrast),
        ("brightness", (0.45,), (0.45,), pillow.brightness),
        ("sharpness", (1.9,), (1.9,), pillow.sharpness),
    ],
)
def test_colour_operations_are_those_of_pillow(name, own, arguments, theirs):
    clip = _colour(frames=1)
    pixels = colours.Pixels(clip)
    getattr(colours, name)(pixels, *own)
    wanted = np.asarray(theirs(Image.fromarray(clip[0]), *arguments))
    # sharpness is rounded after smoothing as well
    near = 2 if name == "sharpness" else 1
    assert np.abs(pixels.clip()[0].astype(int) - wanted).max() <= near
    assert not np.array_equal(pixels.clip(), clip)


def test_statistics_are_those_of_the_clip_so_that_frames_change_alike():
    clip = np.stack([np.full((8, 8, 3), value, np.uint8) for value in (50, 100, 150)])
    for operation in (colours.auto_contrast, colours.equalize):
        pixels = colours.Pixels(clip)
        operation(pixels)
        levels = pixels.clip()[:, 0, 0, 0].astype(int)
        assert (np.diff(levels) >= 50).all()  # frame by frame, all would become the same


@pytest.mark.parametrize("table", [np.arange(256) // 2, 255 - np.arange(256)])
def test_statistics_are_those_after_the_tables_that_wait(table):
    one, two = colours.Pixels(_colour()), colours.Pixels(_colour())
    for pixels in (one, two):
        pixels.through(table)
    two.clip()
    assert np.array_equal(one.histogram(), two.histogram())
    assert one.luma() == pytest.approx(two.luma())


def test_tables_are_put_together_before_they_are_applied():
    clip = _colour()
    one, two = colours.Pixels(clip), colours.Pixels(clip)
    for operation, arguments in ((colours.brightness, (0.5,)), (colours.invert, ())):
        operation(one, *arguments)
        operation(two, *arguments)
        two.clip()
    assert np.array_equal(one.clip(), two.clip())


@pytest.mark.parametrize(
    "name, level, theirs",
    [
        ("rotate", 0.5, lambda image: pillow.rotate(image, 15.0, resample=Image.BICUBIC)),
        ("shear_x", 1.0, lambda image: pillow.shear_x(image, 0.3, resample=Image.BICUBIC)),
        ("shear_y", -1.0, lambda image: pillow.shear_y(image, -0.3, resample=Image.BICUBIC)),
        ("translate_x", 0.5, lambda i: pillow.translate_x_rel(i, 0.225, resample=Image.BICUBIC)),
        ("translate_y", -0.5, lambda i: pillow.translate_y_rel(i, -0.225, resample=Image.BICUBIC)),
    ],
)
def test_geometric_operations_are_those_of_pillow(name, level, theirs):
    grid = np.arange(64)
    smooth = 128 + 60 * np.sin(grid / 7)[:, None] + 50 * np.cos(grid / 9)[None]
    clip = np.repeat(smooth.astype(np.uint8)[None, :, :, None], 3, -1)
    change = ClipChange(Box(0, 0, 64, 64), False, [Operation(name, level)])
    found = change_clip(clip, 64, change)[0]
    wanted = np.asarray(theirs(Image.fromarray(clip[0])))
    inside = np.s_[20:44, 20:44]
    error = np.abs(found[inside].astype(int) - wanted[inside]).mean()
    assert error < 0.3 * np.abs(clip[0][inside].astype(int) - wanted[inside]).mean()


def test_operations_are_seeded_and_half_of_them_are_applied():
    drawn = [draw_operations(4, 7.0, 0.5, np.random.default_rng(seed)) for seed in range(200)]
    assert drawn[3] == draw_operations(4, 7.0, 0.5, np.random.default_rng(3))
    levels = np.array([operation.level for one in drawn for operation in one])
    assert 340 < len(levels) < 460
    assert 0.45 < (levels > 0).mean() < 0.55 and abs(np.abs(levels).mean() - 0.7) < 0.02


def test_light_changes_move_whole_pixels_and_repeat_the_rim():
    clips = np.random.default_rng(1).integers(0, 256, (40, 3, 12, 12, 3), np.uint8)
    changes = draw_changes(40, 12, Strength(0.5, 0.5, 0.3, 0.0, 0.0), np.random.default_rng(2))
    assert {-4, 0, 3} <= {change.down for change in changes}
    for clip, change, found in zip(clips, changes, augment(clips, changes), strict=True):
        rows, columns = (
            np.clip(np.arange(12) + step, 0, 11) for step in (change.down, change.right)
        )
        columns = columns[::-1] if change.mirrored else columns
        expected = clip[:: -1 if change.reverse else 1, rows][:, :, columns]
        assert np.array_equal(found, expected)


def test_mirrored_motion_points_to_the_other_side_and_keeps_its_strength():
    motion = np.zeros((1, 16, 24, 24, 2), np.int16)
    motion[0, :, 10, 4] = (80, -60)
    strength = Strength(flip=1.0, reverse=0.0, shift=0.0, contrast=0.2, brightness=20.0)
    change = draw_changes(1, 24, strength, np.random.default_rng(1))
    found = augment(motion, change)
    assert found.dtype == np.int16
    assert np.argwhere(found[0, 0, :, :, 0]).tolist() == [[10, 19]]  # 23 - 4
    gain = change[0].gain
    assert 0.8 <= gain <= 1.2 and gain != 1
    assert found[0, 3, 10, 19].tolist() == [round(-80 * gain), round(-60 * gain)]
