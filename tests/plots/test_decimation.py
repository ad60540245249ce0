from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mespot.plots.decimation import decimate, runs_of_true


@given(st.integers(1, 400), st.integers(1, 30), st.integers(0, 10_000))
def test_extremes_stay_within_their_stretch(count, bins, seed):
    time = np.arange(count) / 30.0
    values = np.random.default_rng(seed).normal(size=count)
    x, decimated = decimate(time, values, bins)
    assert x.size == decimated.size <= max(2 * bins, 1) + 2
    assert (np.diff(x) >= 0).all()
    assert decimated.max() == values.max()
    assert decimated.min() == values.min()
    peak = time[values.argmax()]
    assert abs(x[decimated.argmax()] - peak) <= np.ceil(count / bins) / 30.0


def test_short_signals_stay_as_they_are():
    time, values = np.arange(8.0), np.arange(16.0).reshape(8, 2)
    x, decimated = decimate(time, values, 4)
    assert x is time and decimated is values


def test_gaps_stay_gaps_and_a_single_spike_survives_in_its_column():
    values = np.zeros((1000, 2))
    values[503, 1] = 7.0
    values[200:300] = np.nan
    x, decimated = decimate(np.arange(1000.0), values, 50)
    assert np.nanmax(decimated[:, 1]) == 7.0 and np.nanmax(decimated[:, 0]) == 0.0
    inside = (x >= 220) & (x < 280)
    assert np.isnan(decimated[inside]).all()
    assert not np.isnan(decimated[x < 180]).any()


@given(st.lists(st.booleans(), max_size=30))
def test_stretches_cover_exactly_the_true_samples(flags):
    covered = np.zeros(len(flags), dtype=bool)
    runs = runs_of_true(np.array(flags, dtype=bool))
    for first, last in runs:
        assert first <= last and not covered[first : last + 1].any()
        covered[first : last + 1] = True
    assert covered.tolist() == flags
    assert all(runs[1:, 0] - runs[:-1, 1] > 1)
