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


def test_a_window_must_divide_the_frame():
    with pytest.raises(ValueError, match="does not divide"):
        part_window_mask(np.random.default_rng(0), (1, 5, 10), 0.9, (4, 10))
