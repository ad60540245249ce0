from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from mespot.crops.clips import MOTION_UNIT
from mespot.models.inputs import prepare, to_unit


@pytest.fixture
def texture():
    rng = np.random.default_rng(4)
    noise = rng.random((96, 96)).astype(np.float32)
    image = cv2.GaussianBlur(noise, (0, 0), 2)
    image = (image - image.min()) / (image.max() - image.min())
    return 40 + 150 * image


def _moving(texture, shifts, dx=1.0, dy=0.0, patch=None):
    """Clip whose content (or only a patch of it) is moved by ``shifts`` pixels."""
    frames = []
    for shift in shifts:
        matrix = np.float32([[1, 0, shift * dx - 16], [0, 1, shift * dy - 16]])
        moved = cv2.warpAffine(texture, matrix, (64, 64), flags=cv2.INTER_CUBIC)
        if patch is not None:
            still = cv2.warpAffine(texture, np.float32([[1, 0, -16], [0, 1, -16]]), (64, 64))
            moved = still * (1 - patch) + moved * patch
        frames.append(np.clip(np.round(moved), 0, 255).astype(np.uint8))
    return torch.from_numpy(np.stack(frames)[None])


@pytest.mark.parametrize("input_kind", ("rgb", "flow"))
@pytest.mark.parametrize("shape", [(2, 16, 32, 32), (2, 16, 32, 32, 3)])
def test_shape_and_type(input_kind, shape):
    clips = torch.from_numpy(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8))
    video = prepare(clips, input_kind)
    assert video.shape == (2, 3, 16, 32, 32)
    assert video.dtype == torch.float32
    unit = to_unit(video, input_kind)
    assert unit.min() > -1e-4 and unit.max() < 1 + 1e-4


def _skin(amplitude, direction=(0.0, -1.0), spread=3.0):
    """Motion clip in which a spot of skin goes away and comes back, IOD."""
    y, x = np.mgrid[:24, :24]
    bump = np.exp(-0.5 * (((x - 8) / spread) ** 2 + ((y - 15) / spread) ** 2))
    rise = np.sin(np.linspace(0, np.pi, 16)) * amplitude
    field = rise[:, None, None, None] * bump[None, :, :, None] * np.array(direction)
    return torch.from_numpy(np.round(field / MOTION_UNIT).astype(np.int16)[None])


def test_motion_is_where_it_is_and_has_no_direction():
    video = prepare(_skin(0.01), "motion")
    assert video.shape == (1, 3, 16, 24, 24) and video.dtype == torch.float32
    still = prepare(torch.zeros(1, 16, 24, 24, 2, dtype=torch.int16), "motion")
    change = (video - still)[0]
    far, fast, _ = change
    assert far.amax((1, 2)).argmax() in (7, 8) and far[7].argmax() == 15 * 24 + 8
    assert fast.amax((1, 2)).argmax() in (0, 14, 15) and fast[7, 15, 8] < 0.2 * fast[0, 15, 8]
    other = prepare(_skin(0.01, (0.6, 0.8)), "motion")
    torch.testing.assert_close(other[:, :2], video[:, :2], atol=0.05, rtol=0.0)  # rounding


def test_a_constant_distance_from_neutral_is_no_motion_within_the_clip():
    still = prepare(torch.zeros(1, 16, 24, 24, 2, dtype=torch.int16), "motion")
    held = prepare(torch.full((1, 16, 24, 24, 2), 200, dtype=torch.int16), "motion") - still
    assert held[:, 0].min() > 0.5 and held[:, 1:].abs().max() < 1e-6


def test_large_motion_is_seen_on_a_logarithmic_scale():
    small, large = (prepare(_skin(size), "motion")[0, 0].max() for size in (0.01, 0.1))
    assert 0.7 < large - small < 1.2


def test_rgb_is_imagenet_normalised_and_back():
    clips = torch.from_numpy(
        np.random.default_rng(0).integers(0, 255, (1, 16, 8, 8, 3), dtype=np.uint8)
    )
    video = prepare(clips, "rgb")
    torch.testing.assert_close(
        to_unit(video, "rgb"), clips.permute(0, 4, 1, 2, 3).float() / 255, atol=1e-6, rtol=1e-6
    )
    assert float(video[0, 2, 0, 0, 0]) == pytest.approx(
        (float(clips[0, 0, 0, 0, 2]) / 255 - 0.406) / 0.225, abs=1e-5
    )


def test_a_clip_does_not_depend_on_its_neighbours_in_the_batch(texture):
    clip = _moving(texture, np.linspace(0, 1, 16))
    both = torch.cat((clip, clip.flip(1)))
    torch.testing.assert_close(prepare(both, "flow")[:1], prepare(clip, "flow"))


def test_light_drift_is_not_motion(texture):
    """A face that gets 20 grey values brighter looks still; a part that moves does not."""
    patch = np.zeros((64, 64), np.float32)
    patch[:, 32:] = 1
    still = _moving(texture, np.zeros(16)).float()
    drifting = (still + torch.linspace(0, 20, 16).view(1, 16, 1, 1)).round().to(torch.uint8)
    moving = _moving(texture, np.linspace(-0.25, 0.25, 16), patch=patch)
    drift = prepare(drifting, "flow")[:, :2].abs().mean()
    assert drift < 0.1 * prepare(moving, "flow")[:, :2].abs().mean()


def test_flow_shows_the_displacement_of_a_part_in_percent_of_the_width(texture):
    """The right half moves right by 0.5 px of 64, the left half stays."""
    patch = np.zeros((64, 64), np.float32)
    patch[:, 32:] = 1
    video = prepare(_moving(texture, np.linspace(-0.25, 0.25, 16), patch=patch), "flow")
    u, v = torch.atanh(video[0, :2])
    apart = u[-1] - u[0]
    right, left = apart[8:-8, 44:60].median(), apart[8:-8, 4:20].median()
    percent = 0.5 / 64 * 100
    assert float(right - left) == pytest.approx(2.0 * percent, rel=0.35)
    assert float((v[-1] - v[0]).abs().median()) < 0.25 * float(right - left)


def test_flow_forgets_motion_of_the_whole_head(texture):
    whole = prepare(_moving(texture, np.linspace(-0.25, 0.25, 16)), "flow")[0, :2]
    patch = np.zeros((64, 64), np.float32)
    patch[:, 32:] = 1
    part = prepare(_moving(texture, np.linspace(-0.25, 0.25, 16), patch=patch), "flow")[0, :2]
    assert whole[:, :, 8:-8, 8:-8].abs().mean() < 0.4 * part[:, :, 8:-8, 8:-8].abs().mean()


def test_a_mirrored_clip_gives_mirrored_flow(texture):
    patch = np.zeros((64, 64), np.float32)
    patch[20:44, 8:30] = 1
    clip = _moving(texture, np.linspace(-0.4, 0.4, 16), dx=1, dy=0.5, patch=patch)
    video, mirrored = prepare(clip, "flow"), prepare(clip.flip(3), "flow").flip(4)
    torch.testing.assert_close(mirrored[:, 0], -video[:, 0], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(mirrored[:, 1], video[:, 1], atol=1e-4, rtol=1e-3)


def test_unknown_kind():
    with pytest.raises(ValueError, match="rgb, flow"):
        prepare(torch.zeros(1, 16, 8, 8, dtype=torch.uint8), "depth")
