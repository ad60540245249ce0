from __future__ import annotations

import numpy as np

from mespot.crops.clips import ClipSet
from mespot.training.sampling.sampler import draw_balanced, draw_unlabelled, generator
from mespot.training.sampling.timeline import Timeline, make_timelines, moving_moments


def _lines():
    return [
        Timeline(0, 30.0, np.array([[5.0, 5.3]]), np.array([0]), np.array([20.0])),
        Timeline(1, 60.0, np.array([[10.0, 13.0]]), np.array([1]), np.array([40.0])),
    ]


def _draw(seed, step, batch=32, span=0.5):
    rng = generator(seed, step, "finetune")
    return draw_balanced(_lines(), span, batch, 0.5, 0.2, 0.6, rng, stretch=1.25)


def test_a_batch_depends_on_seed_and_step_only():
    first, again = _draw(1, 5), _draw(1, 5)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.starts, _draw(1, 6).starts)
    assert not np.array_equal(first.starts, _draw(2, 5).starts)


def test_batches_are_balanced_between_types_and_empty():
    labels = np.concatenate([_draw(0, step).labels for step in range(20)])
    me, mae = (labels > 0.5).mean(0)
    assert 0.18 < me < 0.32 and 0.18 < mae < 0.34
    assert 0.3 < (labels.max(1) == 0).mean() < 0.55


def test_labels_are_true_and_clips_stay_inside_their_video():
    ends = [30.0, 60.0]
    for step in range(20):
        draw = _draw(0, step)
        for video, start, span, label in zip(*draw, strict=True):
            assert 0 <= start and start + span <= ends[video] + 1e-9
            assert 0.5 / 1.26 < span < 0.5 * 1.26
            if label[0] > 0:
                assert video == 0 and start < 5.3 and start + span > 5.0
            if label[1] > 0:
                assert video == 1 and start < 13.0 and start + span > 10.0


def test_hard_negatives_beside_events_and_at_motion_are_drawn():
    draws = [_draw(0, step) for step in range(20)]
    videos, starts, spans, labels = (np.concatenate(part) for part in zip(*draws, strict=True))
    empty = labels.max(1) == 0
    beside = empty & (videos == 0) & (np.abs(starts + spans / 2 - 5.15) < 1.5)
    moving = empty & (videos == 0) & (starts < 20) & (starts + spans > 20)
    assert beside.sum() > 15 and moving.sum() > 10


def test_one_type_alone_still_fills_the_batch():
    rng = np.random.default_rng(0)
    draw = draw_balanced(_lines()[:1], 0.5, 32, 0.5, 0.2, 0.6, rng)
    assert (draw.labels[:, 0] > 0.5).sum() >= 6 and (draw.labels[:, 1] == 0).all()


def test_pretraining_clips_follow_the_recorded_time_and_half_of_them_the_motion():
    frames = np.zeros((110, 2, 2), np.uint8)
    clips = ClipSet(frames, [np.arange(10) / 10, np.arange(100) / 10])
    moments = [np.array([0.5]), np.array([8.0])]
    rng = np.random.default_rng(0)
    videos, starts, spans = draw_unlabelled(clips, moments, 0.5, 2000, rng)
    assert (spans == 0.5).all() and (starts >= 0).all()
    assert (starts + spans <= clips.ends[videos] + 2e-3).all()
    assert 0.9 < (videos == 1).mean() < 1
    moving = (videos == 1) & (starts < 8) & (starts + spans > 8)
    assert 0.45 < moving.mean() < 0.6


def test_timelines_are_in_seconds_of_the_videos_rate(videos, events):
    clips = ClipSet(np.zeros((180, 4, 4), np.uint8), [np.arange(60) / 20.0] * 3)
    line = make_timelines(videos, events, clips)[1]
    np.testing.assert_allclose(line.events, [[1.0, 1.5]])
    assert line.kinds.tolist() == [1] and line.end == 59 / 20


def test_moving_moments_find_the_jump():
    frames = np.zeros((50, 6, 6), np.uint8)
    frames[30:] = 90
    assert moving_moments(frames, np.arange(50) / 25, 0.02).tolist() == [30 / 25]


def test_the_share_at_motion_is_a_setting():
    clips = ClipSet(np.zeros((100, 2, 2), np.uint8), [np.arange(100) / 10])
    moments = [np.array([8.0])]
    for share in (0.0, 1.0):
        rng = np.random.default_rng(0)
        _, starts, _ = draw_unlabelled(clips, moments, 0.5, 400, rng, share)
        found = ((starts < 8) & (starts + 0.5 > 8)).mean()
        assert found == 1 if share else found < 0.2


def test_rows_have_streams_of_their_own():
    values = {generator(7, 3, "clip", row).random() for row in range(4)} | {
        generator(7, 3, purpose).random() for purpose in ("pretrain", "mix", "mask")
    }
    assert len(values) == 7


def test_events_lie_in_the_middle_of_clips_where_labels_look_at_it():
    found = [
        draw_balanced(
            _lines(), 2.0, 32, 0.5, 0.2, 0.6, generator(0, step, "finetune"), core=0.2
        ).labels
        for step in range(20)
    ]
    me, mae = (np.concatenate(found) > 0.5).mean(0)
    assert 0.2 < me < 0.32 and 0.2 < mae < 0.34
