from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.crops.clips import ClipSet, blend, open_clips


def _ramp(fps, seconds, size=4):
    """Video whose grey value is 50 per second."""
    times = np.arange(round(fps * seconds)) / fps
    frames = np.round(50 * times).astype(np.uint8)[:, None, None]
    return np.broadcast_to(frames, (len(times), size, size)).copy(), times


@pytest.mark.parametrize("fps", [20.0, 50.0])
def test_frames_lie_at_the_centres_of_sixteenths_whatever_the_rate(fps):
    frames, times = _ramp(fps, 4)
    clip = ClipSet(frames, [times]).clips(np.array([0]), np.array([1.0]), np.array([1.6]))
    assert clip.shape == (1, 16, 4, 4) and clip.dtype == np.uint8
    wanted = 50 * (1.0 + 1.6 * (np.arange(16) + 0.5) / 16)
    assert np.abs(clip[0, :, 0, 0] - wanted).max() <= 1.01


def test_ends_are_held_and_videos_do_not_mix():
    first, times = _ramp(20, 2)
    second = np.full_like(first, 200)
    clips = ClipSet(np.concatenate((first, second)), [times, times])
    found = clips.clips(np.array([0, 1]), np.array([1.5, -1.0]), np.array([2.0, 2.0]))
    assert found[0].max() == first.max() and (found[0, -4:] == first[-1]).all()
    assert (found[1] == 200).all()


def test_full_scale_values_survive_the_integer_blend():
    frames = np.full((5, 3, 3, 3), 255, np.uint8)
    clips = ClipSet(frames, [np.arange(5) / 7])
    clip = clips.clips(np.array([0]), np.array([0.0]), np.array([0.5]))
    assert (clip == 255).all()


def test_the_blend_is_that_of_integers_with_halves_rounded_up():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (9, 8, 8, 3), np.uint8)
    before, after = rng.integers(0, 9, (2, 3, 16))
    share = rng.random((3, 16))
    share[0, :4] = 0.0, 0.5, 1.0, 1 / 256
    weight = np.round(share * 256).astype(int)[..., None, None, None]
    exact = (frames[before] * (256 - weight) + frames[after] * weight + 128) >> 8
    assert np.array_equal(blend(frames, before, after, share), exact)


def test_crops_are_shrunk_and_the_mapped_cache_holds_the_same(faces, tmp_path):
    archives = [(faces / f"v{i}.npz", faces / f"v{i}.zip") for i in range(2)]
    memory = open_clips(archives, 32, grey=True)
    mapped = open_clips(archives, 32, grey=True, cache=tmp_path / "crops.npy")
    again = open_clips(archives, 32, grey=True, cache=tmp_path / "crops.npy")
    assert memory.frames.shape == (120, 32, 32)
    assert np.array_equal(memory.frames, mapped.frames)
    assert np.array_equal(memory.frames, again.frames)
    assert open_clips(archives, 32, grey=False).frames.shape == (120, 32, 32, 3)


def test_a_cache_of_other_crops_is_refused(faces, tmp_path):
    archives = [(faces / "v0.npz", faces / "v0.zip")]
    open_clips(archives, 32, grey=True, cache=tmp_path / "crops.npy")
    with pytest.raises(MespotError, match="crops.npy: found shape"):
        open_clips(archives, 16, grey=True, cache=tmp_path / "crops.npy")


def test_track_and_archive_must_agree(faces, tmp_path):
    from mespot.crops.archive import CropWriter

    with CropWriter(tmp_path / "v0.zip", 90) as writer:
        writer.append(np.zeros((16, 16), np.uint8))
    with pytest.raises(MespotError, match="found 1 crops, expected 60"):
        open_clips([(faces / "v0.npz", tmp_path / "v0.zip")], 32, grey=True)
