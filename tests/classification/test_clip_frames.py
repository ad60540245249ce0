from __future__ import annotations

import numpy as np
import pytest

from mespot.classification.clip_frames import training_frames, window_clips
from mespot.training.sampling.frame_sampling import ClipRule, finetune_frames, window_frames

RULE = ClipRule()


@pytest.mark.parametrize("short", ["spread", "published"])
def test_long_videos_follow_the_published_rules(short):
    assert (window_clips(200, RULE, short, 2) == window_frames(200, RULE, 2)).all()
    first, last = window_clips(200, RULE, short, 2)
    assert first[0] == 0 and last[-1] == 196 and (np.diff(first) == 4).all()
    starts = set()
    for seed in range(40):
        frames = training_frames(100, RULE, short, np.random.default_rng(seed))
        starts.add(int(frames[0]))
        assert (frames == finetune_frames(100, int(frames[0]), RULE)).all()
    assert len(starts) > 15 and max(starts) < 36


@pytest.mark.parametrize("frames", [1, 2, 5, 10, 16, 30, 64])
def test_short_videos_are_spread_alike_in_training_and_test(frames):
    train = training_frames(frames, RULE, "spread", np.random.default_rng(0))
    (test,) = window_clips(frames, RULE, "spread", 2)
    assert (train == test).all() and len(train) == 16
    assert train[0] == 0 and train[-1] == frames - 1
    assert len(set(train.tolist())) == min(frames, 16)


def test_the_published_rules_show_a_short_video_differently_in_training_and_test():
    train = training_frames(10, RULE, "published", np.random.default_rng(0))
    (test,) = window_clips(10, RULE, "published", 2)
    assert set(train.tolist()) == {0, 9} and set(test.tolist()) == {0, 4, 8}


def test_equal_windows_are_scored_once():
    assert len(window_clips(64, RULE, "published", 2)) == 1
    assert len(window_clips(68, RULE, "published", 2)) == 2
    # three windows of which two are equal: the mean would change, so all stay
    assert len(window_clips(65, RULE, "published", 3)) == 3
