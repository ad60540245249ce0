from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.crops.archive import CropWriter
from mespot.crops.clips import open_clips
from mespot.slices.stream import ClipStream


@pytest.mark.parametrize("grey", [True, False])
@pytest.mark.parametrize("span", [0.2, 0.9, 20.0])
def test_clips_are_those_of_the_whole_video_in_memory(video, grey, span):
    whole = open_clips([video], 32, grey)
    stream = ClipStream(*video, 32, grey)
    starts = np.arange(-1.0, 12.5, 0.37)
    for first in range(0, len(starts), 5):
        part = starts[first : first + 5]
        found = stream.clips(part, span, keep_from=part[-1])
        wanted = whole.clips(np.zeros(len(part), np.int64), part, np.full(len(part), span))
        assert np.array_equal(found, wanted)


def test_crops_are_given_up_and_none_is_decoded_twice(video):
    stream = ClipStream(*video, 32, grey=True)
    total = len(open_clips([video], 32, grey=True).frames)
    held = []
    for start in np.arange(0.0, 11.5, 0.1):
        stream.clips(np.array([start]), 0.5, keep_from=start + 0.1)
        held.append(len(stream._crops))
    assert stream.decoded <= total
    assert stream.decoded > 0.9 * total
    assert max(held) < 0.5 * 25 + 3


def test_only_crops_that_a_clip_needs_are_decoded(video):
    stream = ClipStream(*video, 32, grey=True)
    stream.clips(np.array([0.0]), 12.0, keep_from=np.inf)
    assert stream.decoded <= 32


def test_what_was_given_up_cannot_be_asked_for_again(video):
    stream = ClipStream(*video, 32, grey=True)
    stream.clips(np.array([5.0]), 0.5, keep_from=5.0)
    with pytest.raises(ValueError, match="is gone"):
        stream.clips(np.array([1.0]), 0.5, keep_from=5.0)


def test_an_archive_of_another_video_is_refused(video, tmp_path):
    with CropWriter(tmp_path / "other.zip", 90) as writer:
        writer.append(np.zeros((16, 16), np.uint8))
    with pytest.raises(MespotError, match=r"other.zip: found 1 crops, expected"):
        ClipStream(video[0], tmp_path / "other.zip", 32, grey=True)
