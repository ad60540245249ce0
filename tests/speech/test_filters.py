from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, percentile_filter
from scipy.signal import butter, sosfiltfilt

from mespot.speech.filters import band, blur, running_max, running_share

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("rate", [25.0, 60.0, 200.0])
@pytest.mark.parametrize("edges", [(2.5, 8.0), (0.15, 1.5)])
def test_a_band_is_butterworths_run_forth_and_back(rate, edges):
    count = round(30 * rate)
    values = np.cumsum(RNG.normal(0, 1, count)) / np.sqrt(count)
    sections = butter(2, edges, "band", fs=rate, output="sos")
    usual = sosfiltfilt(sections, values, padlen=int(rate))
    ours = band(values, *edges, rate)
    # the end is another one: there SciPy begins to run back as if all had settled
    assert np.abs(ours - usual)[: round(20 * rate)].max() < 0.01 * usual.std()


def test_a_band_looks_forth_and_back_alike_and_takes_two_values():
    values = RNG.normal(0, 1, 300)
    there, back = band(values, 2.5, 8.0, 30.0), band(values[::-1], 2.5, 8.0, 30.0)[::-1]
    np.testing.assert_allclose(there, back, atol=1e-6)
    assert np.isfinite(band(np.array([0.0, 1.0]), 0.15, 1.5, 25.0)).all()
    np.testing.assert_allclose(band(np.full(50, 7.0), 0.15, 1.5, 25.0), 0.0, atol=1e-9)


@pytest.mark.parametrize("count", [5, 100, 3000])
def test_the_others_are_those_of_scipy(count, monkeypatch):
    monkeypatch.setattr("mespot.speech.filters._BLOCK", 1000)  # several blocks
    values = RNG.normal(0, 1, count)
    usual = gaussian_filter1d(values, 6.0, mode="nearest", truncate=8.0)
    np.testing.assert_allclose(blur(values, 6.0), usual, atol=1e-5)
    usual = percentile_filter(values, 40, size=37, mode="nearest")
    np.testing.assert_array_equal(running_share(values, 0.4, 37), usual)
    usual = maximum_filter1d(values, 9, mode="nearest")
    np.testing.assert_array_equal(running_max(values, 9), usual)
