from __future__ import annotations

import numpy as np
import pytest

from mespot.slices.aggregate import frame_scores, smooth_scores
from mespot.slices.cut import slice_starts
from mespot.slices.decode import decode, hysteresis, merge_runs, runs_above, stretched


@pytest.mark.parametrize("duration", [0.9, 1.0, 1.01, 7.3, 60.0])
def test_slices_cover_the_whole_video(duration):
    start = slice_starts(duration, 1.0, 0.25)
    assert start[0] <= 0.0
    assert start[-1] + 1.0 >= duration - 1e-9
    assert np.all(np.diff(start) > 0)
    assert np.all(np.diff(start) <= 0.25 + 1e-9)


def test_short_video_gives_one_centred_slice():
    assert slice_starts(0.4, 1.0, 0.5).tolist() == pytest.approx([-0.3])


def test_frame_scores_of_constant_slices_are_constant():
    start = slice_starts(5.0, 0.5, 0.25)
    scores = np.full((len(start), 2), [0.3, 0.8])
    result = frame_scores(start, scores, 0.5, 50.0, 250)
    assert result.shape == (250, 2)
    np.testing.assert_allclose(result, np.broadcast_to([0.3, 0.8], (250, 2)), atol=1e-12)


def test_frame_scores_peak_at_the_event():
    start = slice_starts(10.0, 1.0, 0.25)
    centre = start + 0.5
    scores = np.exp(-(((centre - 4.0) / 0.5) ** 2))[:, None]
    result = frame_scores(start, scores, 1.0, 50.0, 500)[:, 0]
    assert abs(result.argmax() / 50.0 - 4.0) <= 0.1


def test_frame_scores_equal_the_dense_definition():
    rng = np.random.default_rng(0)
    start = slice_starts(3.0, 0.7, 0.3)
    scores = rng.random((len(start), 1))
    time = np.arange(150) / 50.0
    weight = np.maximum(1 - np.abs(time[:, None] - start - 0.35) / 0.35, 0)
    covered = weight.sum(axis=1) > 1e-9
    expected = (weight @ scores)[covered] / weight.sum(axis=1)[covered, None]
    result = frame_scores(start, scores, 0.7, 50.0, 150)
    np.testing.assert_allclose(result[covered], expected, atol=1e-9)


def test_smoothing_keeps_the_mean_and_lowers_the_peak():
    scores = np.zeros(200)
    scores[100] = 1.0
    result = smooth_scores(scores, 0.1, 50.0)
    assert result.sum() == pytest.approx(1.0, abs=1e-6)
    assert result.max() < 0.2
    assert smooth_scores(scores, 0.0, 50.0) is scores


def test_runs_and_merging():
    scores = np.array([0, 1, 1, 0, 0, 1, 0, 1, 1.0])
    runs = runs_above(scores, 0.5)
    assert runs.tolist() == [[1, 2], [5, 5], [7, 8]]
    assert merge_runs(runs, 1).tolist() == [[1, 2], [5, 8]]
    assert merge_runs(runs, 2).tolist() == [[1, 8]]
    assert runs_above(np.zeros(5), 0.5).shape == (0, 2)


def test_decode_drops_what_is_too_short_or_too_long():
    scores = np.zeros(500)
    scores[50:55] = 0.9  # 0.1 s
    scores[100:150] = 0.8  # 1 s
    scores[200:450] = 0.7  # 5 s
    spans, peak = decode(scores, 50.0, 0.5, 0.3, 4.0, 0.0)
    assert spans.tolist() == [[2.0, 2.98]]
    assert peak.tolist() == [0.8]


def _decode_slowly(scores, rate, threshold, low, min_length, max_length, merge_gap):
    """One moment after the other."""
    runs, first = [], None
    for i, value in enumerate([*scores, -np.inf]):
        if value >= low * threshold and first is None:
            first = i
        elif value < low * threshold and first is not None:
            if max(scores[first:i]) >= threshold:
                runs.append([first, i - 1])
            first = None
    joined = []
    for run in runs:
        if joined and run[0] - joined[-1][1] - 1 <= round(merge_gap * rate):
            joined[-1][1] = run[1]
        else:
            joined.append(run)
    kept = [run for run in joined if min_length <= (run[1] - run[0] + 1) / rate <= max_length]
    return kept, [max(scores[first : last + 1]) for first, last in kept]


@pytest.mark.parametrize("seed", range(6))
def test_decode_equals_the_slow_definition(seed):
    rng = np.random.default_rng(seed)
    scores = smooth_scores(rng.random(400), 0.06, 50.0)
    for threshold in (0.45, 0.5, 0.6):
        for low in (1.0, 0.9, 0.7):
            spans, peak = decode(scores, 50.0, threshold, 0.1, 2.0, 0.08, low)
            wanted, highest = _decode_slowly(scores, 50.0, threshold, low, 0.1, 2.0, 0.08)
            assert np.round(spans * 50).astype(int).tolist() == wanted
            assert peak.tolist() == highest


def test_hysteresis_reaches_down_the_flanks_of_high_peaks_only():
    scores = np.array([0, 0.4, 0.9, 0.4, 0, 0.4, 0.5, 0])
    assert hysteresis(scores, 0.8, 0.3).tolist() == [[1, 3]]
    assert hysteresis(scores, 0.3, 0.3).tolist() == [[1, 3], [5, 6]]


def test_videos_laid_end_to_end_are_never_joined():
    runs = np.array([[0, 3], [5, 7], [9, 9]])
    assert merge_runs(runs, 5, np.array([0, 0, 1])).tolist() == [[0, 7], [9, 9]]


def test_stretched_scores_run_from_the_median_to_the_highest():
    scores = stretched(np.array([0.2, 0.2, 0.2, 0.6, 0.1]))
    assert scores.tolist() == pytest.approx([0, 0, 0, 1, -0.25])
    assert not stretched(np.full(5, 0.3)).any()


def test_max_and_mean_of_the_slices_that_cover_a_moment():
    start = slice_starts(4.0, 1.0, 0.5)
    scores = np.zeros((len(start), 1))
    scores[3] = 1.0  # from 1.5 to 2.5 s
    highest = frame_scores(start, scores, 1.0, 50.0, 200, "max")[:, 0]
    assert np.flatnonzero(highest).tolist() == list(range(76, 125))
    mean = frame_scores(start, scores, 1.0, 50.0, 200, "mean")[:, 0]
    assert set(np.round(mean[80:120], 6).tolist()) <= {0.5, 1.0} and mean[80:120].max() == 1.0
