from __future__ import annotations

import numpy as np
import pytest

from mespot.models.masking import draw_masks, part_window_mask, split_index
from mespot.models.zoo import create_encoder


def test_every_region_keeps_the_same_number_and_tubes_are_constant_in_time():
    encoder = create_encoder("lgi_former_tiny_64")
    masks = draw_masks(
        np.random.default_rng(0), 6, encoder.grid, 0.75, "part_window", encoder.region
    )
    regions = encoder.region_of_token().numpy()
    for mask in masks:
        assert (mask.reshape(8, 16) == mask[:16]).all()
        assert set(np.bincount(regions[~mask])) == {4}
    visible, masked = split_index(masks, regions)
    assert visible.shape == (6, 32) and masked.shape == (6, 96)
    for row in range(6):
        assert not masks[row, visible[row]].any() and masks[row, masked[row]].all()
        assert (np.diff(visible[row]) > 0).all() and (np.diff(masked[row]) > 0).all()


def test_counts_round_down_without_losing_a_patch_to_floating_point():
    mask = part_window_mask(np.random.default_rng(0), (1, 5, 10), 0.9, (5, 10))
    assert mask.sum() == 45
    # 0.29 * 100 lies just below 29 in floating point
    mask = part_window_mask(np.random.default_rng(0), (1, 10, 10), 0.29, (10, 10))
    assert mask.sum() == 29


def test_tube_masks_that_leave_regions_unequal_are_refused():
    regions = create_encoder("lgi_former_tiny_64").region_of_token().numpy()
    masks = draw_masks(np.random.default_rng(1), 8, (8, 4, 4), 0.75, "tube", (2, 2, 4))
    with pytest.raises(ValueError, match="part_window"):
        split_index(masks, regions)
    plain = create_encoder("videomae_vit_tiny_64").region_of_token().numpy()
    assert split_index(masks, plain)[0].shape == (8, 32)


def test_masks_depend_on_the_generator_only():
    def draw(seed):
        return draw_masks(np.random.default_rng(seed), 2, (8, 4, 4), 0.75, "part_window", (2, 2, 4))

    assert np.array_equal(draw(5), draw(5))
    assert not np.array_equal(draw(5), draw(6))


@pytest.mark.parametrize("kind", ["tube", "part_window"])
def test_a_batch_has_the_masks_that_its_clips_would_get_one_by_one(kind):
    grid, region = (4, 6, 9), (2, 3, 9)
    window = region[1:] if kind == "part_window" else grid[1:]
    together, single = np.random.default_rng(4), np.random.default_rng(4)
    found = draw_masks(together, 5, grid, 0.6, kind, region)
    wanted = [part_window_mask(single, grid, 0.6, window) for _ in range(5)]
    assert found.dtype == bool and np.array_equal(found, wanted)
    assert together.random() == single.random()


def test_the_first_uneven_clip_is_named():
    mask = np.ones((3, 8), dtype=bool)
    mask[:, [0, 4]] = False
    mask[2, [0, 4]], mask[2, [1, 2]] = True, False
    with pytest.raises(ValueError, match=r"clip 2 of the batch: regions keep \[2, 0\]"):
        split_index(mask, np.arange(8) // 4)


def test_a_window_must_divide_the_frame():
    with pytest.raises(ValueError, match="does not divide"):
        part_window_mask(np.random.default_rng(0), (1, 5, 10), 0.9, (4, 10))


def _halves(mask):
    """Visible patches (left, right) of each 5 x 10 window of an 8 x 10 x 10 grid."""
    frame = ~mask.reshape(8, 10, 10)[0]
    return [(int(w[:, :5].sum()), int(w[:, 5:].sum())) for w in (frame[:5], frame[5:])]


def test_symmetric_masks_show_one_half_of_a_window():
    rng = np.random.default_rng(3)
    same, other = set(), set()
    for kind, seen in (("part_window_global", same), ("part_window_local", other)):
        for mask in draw_masks(rng, 40, (8, 10, 10), 0.9, kind, (2, 5, 10)):
            halves = _halves(mask)
            assert set(halves) <= {(5, 0), (0, 5)}
            seen.add(tuple(halves))
    left, right = (5, 0), (0, 5)
    assert same == {(left, left), (right, right)}
    assert other == {(a, b) for a in (left, right) for b in (left, right)}


def test_a_half_that_is_too_small_and_an_unknown_kind_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="cannot hold 30 visible"):
        part_window_mask(rng, (1, 5, 10), 0.4, (5, 10), "clip")
    with pytest.raises(ValueError, match="half of it"):
        part_window_mask(rng, (1, 5, 5), 0.9, (5, 5), "window")
    with pytest.raises(ValueError, match="none of tube, part_window"):
        draw_masks(rng, 1, (1, 5, 10), 0.9, "windows", (1, 5, 10))
