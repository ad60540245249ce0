from __future__ import annotations

import numpy as np
import pytest
import torch

from mespot.classification.task import Classification, smoothed
from mespot.models.classifier import Classifier
from mespot.models.zoo import create_encoder
from mespot.training.engine.distributed import Group, alone
from tests.classification.toy_clips import section

CPU = torch.device("cpu")


def task(clips, group=None, **changes):
    model = Classifier(create_encoder("lgi_former_tiny_64"), clips.classes)
    return Classification(model, clips, section(**changes), "rgb", 3, 99, group or alone(CPU))


def test_every_epoch_holds_every_clip_once_in_another_order(colour_lists):
    train = colour_lists[0]
    toy = task(train, batch=5)
    names = [name for step in range(10) for name in toy.make(step, np.arange(5)).clips]
    everything = {str(clip.path) for clip in train.clips}
    assert len(everything) == 24
    assert set(names[:24]) == everything and set(names[24:48]) == everything
    assert names[:24] != names[24:48]


def test_the_batch_depends_neither_on_processes_nor_on_micro_batches(colour_lists):
    train = colour_lists[0]
    whole = task(train).draw(4, np.arange(8))
    assert whole.tensors[0].shape == (8, 16, 64, 64, 3) and whole.tensors[0].dtype == torch.uint8
    for rank in range(2):
        toy = task(train, Group(rank, 2, CPU), accumulate=2)
        rows = np.arange(rank, 8, 2)
        for part in (rows[:2], rows[2:]):
            batch = toy.draw(4, part)
            assert batch.clips == [whole.clips[row] for row in part]
            for mine, all_rows in zip(batch.tensors, whole.tensors, strict=True):
                assert (mine == all_rows[part]).all()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_training_that_goes_on_at_a_step_draws_what_it_would_have_drawn(colour_lists, workers):
    through, later = task(colour_lists[0], workers=workers), task(colour_lists[0])
    drawn = [through.draw(step, np.arange(8)) for step in range(4)]
    resumed = later.draw(3, np.arange(8))
    through.close()
    assert resumed.clips == drawn[3].clips
    assert all((a == b).all() for a, b in zip(resumed.tensors, drawn[3].tensors, strict=True))


def test_asking_for_other_rows_than_were_prepared_is_refused(colour_lists):
    with pytest.raises(RuntimeError, match="loader holds"):
        task(colour_lists[0]).draw(0, np.arange(3))


def test_labels_are_smoothed_and_mixed_as_published(colour_lists):
    labels = smoothed(torch.tensor([0, 2]), 4, 0.1)
    assert torch.allclose(labels[0], torch.tensor([0.925, 0.025, 0.025, 0.025]))
    toy = task(colour_lists[0], mixup=0.8, cutmix=1.0, erase=1.0, smoothing=0.1)
    kinds = set()
    for step in range(8):
        batch = toy.draw(step, np.arange(8))
        torch.manual_seed(0)
        video, labels = toy.inputs(step, batch.tensors)
        assert video.shape == (8, 3, 16, 64, 64) and video.dtype == torch.float32
        assert torch.allclose(labels.sum(1), torch.ones(8), atol=1e-5)
        kinds |= set(labels.flatten().numpy().round(3).tolist())
    assert len(kinds) > 8  # another share in each step
