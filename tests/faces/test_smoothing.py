from __future__ import annotations

import numpy as np
import pytest

from mespot.faces.smoothing import PoseStream


def run(poses, sigma=0.04, max_gap=0.5, fps=30.0, fresh=()):
    stream = PoseStream(sigma, max_gap, np.zeros(4))
    result, delays = [], []
    for index, pose in enumerate(poses):
        for item, smooth in stream.push(index, index / fps, pose, index in fresh or index == 0):
            result.append((item, smooth))
            delays.append(index - item)
    result += list(stream.finish())
    assert [item for item, _ in result] == list(range(len(poses)))
    return np.stack([smooth for _, smooth in result]), delays


def nod(count, hz=1.0, fps=30.0):
    wave = 20 * np.sin(2 * np.pi * hz * np.arange(count) / fps)
    return np.column_stack([np.zeros(count), wave, np.zeros(count), np.zeros(count)])


def test_nod_is_not_flattened():
    poses = nod(60)
    smooth, _ = run(list(poses))
    assert np.abs(smooth - poses).max() < 0.1  # px of 20; a Gaussian mean is off by 0.6


def test_noise_is_damped():
    poses = np.random.default_rng(0).normal(0, 0.3, (400, 4))
    smooth, _ = run(list(poses))
    assert smooth[10:-10].std() < 0.75 * 0.3
    raw, _ = run(list(poses), sigma=0.0)
    assert np.array_equal(raw, poses)


def test_look_ahead_is_short():
    _, delays = run(list(nod(90)))
    assert max(delays) <= 5


def test_short_gap_is_interpolated():
    poses = [np.array([float(i), 0, 0, 0]) for i in range(30)]
    poses[10:16] = [None] * 6
    smooth, _ = run(poses)
    assert np.allclose(smooth[:, 0], np.arange(30), atol=0.05)


def test_long_gap_is_held_without_blocking():
    poses = [np.array([float(i), 0, 0, 0]) for i in range(80)]
    poses[10:60] = [None] * 50
    smooth, delays = run(poses)
    assert np.allclose(smooth[10:60, 0], 9)
    assert np.allclose(smooth[60:, 0], np.arange(60, 80), atol=1e-4)
    assert max(delays) <= 0.5 * 30 + 6


def test_new_track_is_not_mixed_with_the_old_one():
    poses = [np.array([50.0 * (i >= 20), 0, 0, 0]) for i in range(40)]
    smooth, _ = run(poses, fresh=(20,))
    assert np.allclose(smooth[:, 0], [50.0 * (i >= 20) for i in range(40)])


def test_no_pose_at_all_gives_the_fallback():
    smooth, _ = run([None] * 40)
    assert np.array_equal(smooth, np.zeros((40, 4)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_short_videos(count):
    poses = [np.array([float(i), 1, 2, 3]) for i in range(count)]
    smooth, _ = run(poses)
    assert np.allclose(smooth, poses)


def test_full_turn_is_unwrapped():
    angles = np.linspace(3.0, 3.3, 20)
    poses = [np.array([0, 0, (a + np.pi) % (2 * np.pi) - np.pi, 0]) for a in angles]
    smooth, _ = run(poses)
    assert np.allclose(np.diff(smooth[:, 2]), np.diff(angles), atol=1e-6)


def test_a_gap_at_the_very_reach_of_the_smoothing_is_waited_for():
    # at 25 frames/s three frames are the reach of 0.04 s, but for rounding
    for lost in range(4, 200):
        stream = PoseStream(0.04, 0.5, np.zeros(4))
        settled = []
        for i in range(lost + 30):
            pose = None if i == lost else np.array([float(i), 0.0, 0.0, 0.0])
            settled += stream.push(i, i / 25, pose, fresh=i == 0)
        settled += stream.finish()
        assert [item for item, _ in settled] == list(range(lost + 30))
        assert np.allclose([pose[0] for _, pose in settled], np.arange(lost + 30))
