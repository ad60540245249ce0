from __future__ import annotations

import numpy as np
import pytest
from toy_training import finetune_section

from mespot.crops.clips import ClipSet
from mespot.models.classifier import Classifier
from mespot.models.zoo import create_encoder
from mespot.training.sampling.timeline import Timeline
from mespot.training.spotting import Spotting


def _task(overlay):
    """An event in a video without any other motion, and a video full of motion without event."""
    times = np.arange(200) / 20
    motion = np.zeros((400, 24, 24, 2), np.int16)
    motion[200:] = 7
    lines = [
        Timeline(0, 10.0, np.array([[5.0, 5.4]]), np.array([0]), np.array([2.0])),
        Timeline(1, 10.0, np.empty((0, 2)), np.empty(0, np.int64), np.array([2.0])),
    ]
    params = finetune_section(
        overlay=overlay, contrast=0.0, flip=0.0, reverse=0.0, shift=0.0, batch=32
    )
    model = Classifier(create_encoder("lgi_former_tiny_24"), pooling="concat")
    return Spotting(
        model, ClipSet(motion, [times, times]), lines, ["a", "b"], params, 0.5, "motion", 3
    )


def test_the_motion_of_empty_clips_is_added_and_labels_stay():
    rows = np.arange(32)
    plain, mixed = (_task(overlay).draw(2, rows).tensors for overlay in (0.0, 1.0))
    assert np.array_equal(plain[1], mixed[1])
    added = (mixed[0] - plain[0]).flatten(1)
    assert set(added.unique().tolist()) == {0, 7}
    assert (added[:, :1] == added).all()  # a whole clip, or nothing of it
    events = plain[1][:, 0] > 0
    assert added[events].any(), "no event got the motion of another video"


@pytest.mark.parametrize("overlay", [0.0, 0.7])
def test_some_rows_are_those_of_the_whole_batch(overlay):
    task = _task(overlay)
    whole, some = task.draw(4, np.arange(32)).tensors, task.draw(4, np.arange(3, 32, 5)).tensors
    assert all(np.array_equal(a[3::5], b) for a, b in zip(whole, some, strict=True))
