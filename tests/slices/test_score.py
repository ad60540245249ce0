from __future__ import annotations

import numpy as np
import pytest
import torch

from mespot.crops.clips import ClipSet
from mespot.crops.track import FaceTrack
from mespot.models.classifier import Classifier
from mespot.models.inference import predict
from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_encoder
from mespot.slices.cut import slice_starts
from mespot.slices.gate import Gate
from mespot.slices.score import SliceScorer, score_video
from mespot.slices.stream import ClipStream


@pytest.fixture(scope="module")
def scorer(classifiers):
    return SliceScorer(classifiers, "all", batch=7)


def _whole(scorer, video, length, step):
    return scorer.score(scorer.open(*video), 12.0, length, step)


def test_one_pass_over_several_lengths_gives_the_scores_of_each_alone(scorer, video):
    stream = ClipStream(*video, scorer.size, scorer.grey)
    lengths = [2.0, 0.5, 1.0]
    found = scorer.score_lengths(stream, 12.0, lengths, 0.5)
    for length, (start, scores) in zip(lengths, found, strict=True):
        wanted_start, wanted = _whole(scorer, video, length, 0.5)
        assert np.array_equal(start, wanted_start)
        assert scores.shape == (len(start), 2, 2) and scores.dtype == np.float32
        assert np.array_equal(scores, wanted)
        assert scores.std(0).min() > 1e-4  # slices differ, so that a mix-up would show
    assert stream.decoded <= 300


def test_batches_do_not_change_scores_beyond_rounding(classifiers, video):
    one, many = (
        score_video(classifiers, "all", batch, *video, 12.0, 1.0, 0.5)[1] for batch in (1, 64)
    )
    np.testing.assert_allclose(one, many, atol=1e-5)


def test_a_video_shorter_than_a_slice_is_one_slice(classifiers, video):
    start, scores = score_video(classifiers, "all", 4, *video, 12.0, 15.0, 0.25)
    assert np.array_equal(start, slice_starts(12.0, 15.0, 0.25)) and scores.shape == (1, 2, 2)


def test_half_precision_is_close_but_not_the_same(classifiers, scorer, video):
    half = SliceScorer(classifiers, "all", batch=7, precision="bf16")
    stream = ClipStream(*video, half.size, half.grey)
    found = half.score_lengths(stream, 12.0, [1.0], 0.5)[0][1]
    wanted = _whole(scorer, video, 1.0, 0.5)[1]
    assert found.dtype == np.float32
    assert 0 < np.abs(found - wanted).max() < 0.05


def test_a_gate_leaves_out_what_the_flow_branch_rules_out(scorer, video):
    time = np.arange(300) / 25.0
    strength = np.where(np.abs(time - 6.0) < 0.2, 5.0, 0.5)
    gate = Gate(time, strength, 3.0)
    stream = ClipStream(*video, scorer.size, scorer.grey)
    lengths = [1.0, 0.5]
    found = scorer.score_lengths(stream, 12.0, lengths, 0.5, gate)
    for length, (start, scores) in zip(lengths, found, strict=True):
        wanted_start, wanted = _whole(scorer, video, length, 0.5)
        taken = gate.open(start, length)
        assert np.array_equal(start, wanted_start)
        reach = np.abs(start + 0.5 * length - 6.0) < length + 0.2 + 0.04
        assert taken.any() and not (taken & ~reach).any()
        np.testing.assert_allclose(scores[taken], wanted[taken], atol=1e-5)
        assert (scores[~taken] == 0).all()
    assert stream.decoded < 100


def test_a_gate_that_nothing_passes_scores_nothing(scorer, video):
    stream = ClipStream(*video, scorer.size, scorer.grey)
    gate = Gate(np.arange(300) / 25.0, np.zeros(300), 1.0)
    ((start, scores),) = scorer.score_lengths(stream, 12.0, [1.0], 0.5, gate)
    assert len(scores) == len(start) and not scores.any() and stream.decoded == 0
    assert Gate(gate.time, gate.strength, 0.0).open(start, 1.0).all()


def test_motion_files_are_scored_like_motion_in_memory(video, tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Classifier(create_encoder("lgi_former_tiny_24"), head_scale=15.0)
    save_weights(tmp_path / "all.safetensors", model)
    save_description(
        tmp_path,
        {"model": "lgi_former_tiny_24", "input": "motion", "classifier": model.config},
    )
    count = len(FaceTrack.load(video[0]))
    motion = np.random.default_rng(0).integers(-200, 200, (count, 24, 24, 2)).astype(np.int16)
    np.save(tmp_path / "v.npy", motion)
    seen = video[0], tmp_path / "v.npy"
    start, found = score_video([tmp_path], "all", 7, *seen, 12.0, 1.0, 0.5)
    clips = ClipSet(motion, [FaceTrack.load(video[0]).time])
    cut = clips.clips(np.zeros(len(start), np.int64), start, np.full(len(start), 1.0))
    wanted = predict(model.eval(), cut, "motion")
    assert found.std(0).min() > 1e-4
    np.testing.assert_allclose(found[:, 0], wanted, atol=1e-5)
