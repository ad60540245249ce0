from __future__ import annotations

import numpy as np
import pytest
from toy_training import pretrain_section
from toy_videos import STEP, make_list

from mespot.core.errors import MespotError
from mespot.training.sampling.clip_stream import ClipStream, fixed_part
from mespot.training.sampling.order import EpochOrder
from mespot.video.video_list import VideoList


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    return VideoList(make_list(tmp_path_factory.mktemp("videos")))


def section(**changes):
    base = dict(source="list", videos="list.txt", input="rgb", span=0.64, batch=3)
    return pretrain_section(**{**base, **changes})


def test_frames_span_the_time_from_a_random_start(listed):
    stream = ClipStream(listed, section(), 64, 7)
    starts = set()
    for step in range(8):
        clip, name = stream.cut(step, 1, cropped=False)
        assert clip.shape == (16, 64, 64, 3) and clip.dtype == np.uint8
        levels = clip[:, 40, 40, 0].astype(float)
        # 0.64 s of 25 frames a second: every frame; the published rule repeats the last but one
        assert np.abs(np.diff(levels[:-1]) - STEP).max() <= 2, name
        starts.add(round(levels[0] / STEP))
    assert len(starts) > 3


def test_an_epoch_takes_every_video_once(listed):
    stream = ClipStream(listed, section(), 64, 7)
    names = [stream.cut(*divmod(place, 3))[1] for place in range(24)]
    assert len(set(names[:6])) == 6 and len(set(names[6:12])) == 6
    assert names[:6] != names[6:12]


def test_clips_depend_on_seed_and_place_alone(listed):
    one, other = (ClipStream(listed, section(crop_scales=(1.0, 0.66)), 64, 7) for _ in range(2))
    for step in range(3):
        one.cut(step, 0)
    for cropped in (True, False):
        pair = [stream.cut(5, 2, cropped)[0] for stream in (one, other)]
        assert np.array_equal(*pair)
    seeded = ClipStream(listed, section(crop_scales=(1.0, 0.66)), 64, 8)
    assert not np.array_equal(one.cut(5, 2)[0], seeded.cut(5, 2)[0])


def test_a_broken_video_gives_way_to_the_next_with_a_line_in_the_log(tmp_path, caplog):
    path = make_list(tmp_path)
    names = path.read_text().splitlines()
    (tmp_path / names[2].split()[0]).write_bytes(b"no video")
    (tmp_path / names[4].split()[0]).unlink()
    stream = ClipStream(VideoList(path), section(), 64, 7)
    found = [stream.cut(*divmod(place, 3))[1] for place in range(6)]
    assert set(found) == {names[row].split()[0] for row in (0, 1, 3, 5)}
    assert caplog.text.count("another clip takes its place") >= 2
    for name in names:
        (tmp_path / name.split()[0]).write_bytes(b"")
    with pytest.raises(MespotError, match="20 videos in a row cannot be read"):
        stream.cut(0, 0)


def test_the_published_crop_of_voxceleb2():
    frame = np.arange(224)[:, None] * 1000 + np.arange(224)[None]
    pixels = np.broadcast_to(frame[None, :, :, None], (2, 224, 224, 3))
    seen = fixed_part(pixels, (0.3571, 0.5, 0.7143))
    assert seen.shape == (2, 160, 160, 3)
    assert seen[0, 0, 0, 0] == 32 and seen[0, -1, -1, 0] == 159_191
    assert fixed_part(pixels, (0.0, 1.0, 0.5))[0, 0, 0, 0] == 112  # moved inside
    wide = np.zeros((2, 90, 160, 3), np.uint8)
    assert fixed_part(wide, (0.5, 0.5, 1.0)).shape == (2, 90, 90, 3)


def test_places_run_through_epochs():
    order = EpochOrder(lambda epoch: np.array([2, 0, 1]) if epoch % 2 else np.arange(3))
    assert [order(place) for place in range(7)] == [0, 1, 2, 2, 0, 1, 0]
    assert order(1) == 1 and order(3) == 2
