from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mespot.training.sampling.frame_sampling import (
    ClipRule,
    finetune_frames,
    finetune_starts,
    pretrain_frames,
    pretrain_starts,
    window_frames,
)

FILE = Path(__file__).resolve().parents[2].parent / "shared/data/reference/sampling_ref.json"


@pytest.fixture(scope="module")
def golden():
    if not FILE.exists():
        pytest.skip("reference outputs are absent")
    return json.loads(FILE.read_text())


def _numbers(key):
    return [int(number) for number in re.findall(r"\d+", key)]


@pytest.mark.parametrize("part", ["finetune_train_short", "finetune_train_long"])
def test_training_clips_of_the_reference(golden, part):
    for key, wanted in golden[part].items():
        stride, frames = _numbers(key)
        rule = ClipRule(16, stride)
        start = np.random.RandomState(0).randint(finetune_starts(frames, rule))
        assert finetune_frames(frames, start, rule).tolist() == wanted, key


def test_test_clips_of_the_reference(golden):
    for key, wanted in golden["finetune_test"].items():
        stride, frames = _numbers(key)
        assert window_frames(frames, ClipRule(16, stride)).tolist() == wanted["clips"], key


def test_pretraining_clips_of_the_reference(golden):
    for key, wanted in golden["pretrain"].items():
        frames, seed = _numbers(key)
        start = np.random.RandomState(seed).randint(pretrain_starts(frames, ClipRule()))
        assert pretrain_frames(frames, start, ClipRule()).tolist() == wanted, key


@pytest.mark.parametrize("stride", [1, 4])
@pytest.mark.parametrize("frames", [1, 2, 3, 15, 16, 17, 63, 64, 65, 66, 200])
def test_every_start_stays_inside_the_video(frames, stride):
    rule = ClipRule(16, stride)
    clips = [finetune_frames(frames, s, rule) for s in range(finetune_starts(frames, rule))]
    clips += [pretrain_frames(frames, s, rule) for s in range(pretrain_starts(frames, rule))]
    clips += list(window_frames(frames, rule, 3))
    for clip in clips:
        assert clip.shape == (16,) and clip.dtype == np.int64
        assert clip.min() >= 0 and clip.max() < frames
        assert (np.diff(clip) >= 0).all()


def test_numbers_of_starts():
    """Fine-tuning never starts at the last possible frame; pre-training does."""
    frames = (1, 63, 64, 65, 66, 200)
    assert [finetune_starts(count, ClipRule()) for count in frames] == [1, 1, 1, 1, 2, 136]
    assert [pretrain_starts(count, ClipRule()) for count in frames] == [1, 1, 1, 2, 3, 137]


def test_windows_cover_start_and_end():
    first, middle, last = window_frames(100, ClipRule(16, 1), 3)
    assert first[0] == 0 and middle[0] == 42 and last[-1] == 99
    assert window_frames(100, ClipRule(16, 1), 1).tolist() == [list(range(16))]


def test_an_empty_video_is_refused():
    for sample in (
        lambda: finetune_frames(0, 0, ClipRule()),
        lambda: pretrain_frames(0, 0, ClipRule()),
        lambda: window_frames(0, ClipRule()),
    ):
        with pytest.raises(ValueError, match="found 0 frames"):
            sample()
