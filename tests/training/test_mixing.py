from __future__ import annotations

import numpy as np
import pytest
import torch

from mespot.training.augmentation.mixing import (
    Mixture,
    draw_erased,
    draw_mixture,
    erase,
    mix,
    smooth,
)


def _batch(count):
    video = torch.arange(count).view(-1, 1, 1, 1, 1).expand(count, 3, 4, 8, 8).float()
    labels = torch.eye(count, 2)
    return video.contiguous(), labels


@pytest.mark.parametrize("count", [4, 5])  # the published code refuses odd batches
def test_blended_clips_carry_both_labels(count):
    video, labels = _batch(count)
    mixed, wanted = mix(video, labels, Mixture(0.75, None))
    assert mixed[0, 0, 0, 0, 0] == pytest.approx(0.25 * (count - 1))
    assert wanted[0].tolist() == [0.75, 0.0] and wanted[-1].tolist() == [0.25, 0.0]
    assert (mixed == mixed[:, :1, :1, :1, :1]).all()  # all frames alike


def test_pasted_boxes_are_the_same_in_all_frames_and_count_by_area():
    video, labels = _batch(2)
    mixed, wanted = mix(video, labels, Mixture(0.75, (0, 4, 4, 8)))
    assert (mixed[0, :, :, :4, 4:] == 1).all() and mixed[0].sum() == 3 * 4 * 16
    assert wanted.tolist() == [[0.75, 0.25], [0.25, 0.75]]


def test_drawn_shares_are_what_the_box_covers():
    rng = np.random.default_rng(0)
    mixtures = [draw_mixture(20, 0.8, 1.0, 0.5, rng) for _ in range(400)]
    boxes = [one for one in mixtures if one.box]
    assert 150 < len(boxes) < 250
    for kept, (top, bottom, left, right) in boxes:
        assert 0 <= top <= bottom <= 20 and 0 <= left <= right <= 20
        assert kept == pytest.approx(1 - (bottom - top) * (right - left) / 400)
    assert all(one.box is None for one in (draw_mixture(20, 0.8, 0.0, 0.5, rng),) * 9)
    assert draw_mixture(20, 0.0, 1.0, 0.0, rng).box is not None


def test_smoothing_moves_each_answer_towards_one_half():
    labels = torch.tensor([[0.0, 1.0], [0.5, 0.25]])
    torch.testing.assert_close(smooth(labels, 0.1), torch.tensor([[0.05, 0.95], [0.5, 0.275]]))


def test_one_box_of_noise_in_all_frames():
    video = torch.full((2, 3, 4, 8, 8), 9.0)
    boxes = torch.tensor([[2, 6, 1, 5], [0, 0, 0, 0]])
    torch.manual_seed(0)
    found = erase(video, boxes)
    assert (found[1] == 9).all()
    changed = found[0] != 9
    assert changed[:, :, 2:6, 1:5].all() and changed.sum() == 3 * 4 * 16
    noise = found[0, :, :, 2:6, 1:5]
    assert abs(float(noise.mean())) < 0.3 and 0.7 < float(noise.std()) < 1.3


def test_erased_boxes_follow_their_settings():
    rng = np.random.default_rng(0)
    boxes = np.array([draw_erased(160, 0.25, (0.02, 0.33), 3.3, rng) for _ in range(1000)])
    area = (boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]) / 160**2
    some = area > 0
    assert 0.2 < some.mean() < 0.3
    assert 0.015 < area[some].min() < 0.06 and 0.28 < area[some].max() < 0.34
    assert boxes.min() >= 0 and boxes.max() <= 160
