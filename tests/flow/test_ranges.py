from __future__ import annotations

import numpy as np
import pytest

from mespot.flow.ranges import RangeMax, RangeMean


def inside(signal, begin, end):
    """What of a stretch lies in the signal; its nearest sample where nothing does."""
    own = signal[max(begin, 0) : max(end, 0)]
    return own if len(own) else signal[[min(max(begin, 0), len(signal) - 1)]]


def stretches(count, n=400):
    """Stretches in, partly in and out of the signal, empty and turned round ones among them."""
    rng = np.random.default_rng(2)
    begin = rng.integers(-count - 3, 2 * count + 3, n)
    return begin, begin + rng.integers(-3, 2 * count, n)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 63, 64, 65])
def test_ranges_are_what_loops_find(count):
    rng = np.random.default_rng(count)
    signal, table = rng.normal(size=count), rng.normal(size=(count, 3))
    begin, end = stretches(count)
    spans = list(zip(begin.tolist(), end.tolist(), strict=True))
    highest = [inside(signal, a, max(b, a + 1)).max() for a, b in spans]
    np.testing.assert_array_equal(RangeMax(signal).over(begin, end), highest)
    for values in (signal, table):
        wanted = [inside(values, a, max(b, a + 1)).mean(axis=0) for a, b in spans]
        np.testing.assert_allclose(RangeMean(values).over(begin, end), wanted, atol=1e-12)


def test_an_empty_stretch_takes_its_nearest_sample():
    signal = np.array([1.0, 5.0, 2.0])
    begin, end = np.array([1, -9, 9, 2]), np.array([1, -9, 9, 0])
    for kind in (RangeMax, RangeMean):
        np.testing.assert_array_equal(kind(signal).over(begin, end), [5.0, 1.0, 2.0, 2.0])


def test_no_stretches_and_other_kinds_of_numbers():
    none = np.empty(0, np.int64)
    assert RangeMax(np.arange(4)).over(none, none).shape == (0,)
    assert RangeMean(np.zeros((4, 2), np.float32)).over(none, none).shape == (0, 2)
    shut = np.array([True, False, True, True])
    assert RangeMean(shut).over(np.array([0]), np.array([4])) == [0.75]


def test_a_long_signal_far_from_zero_keeps_its_digits():
    signal = 1e3 + np.random.default_rng(0).normal(0.0, 1e-3, 100_000).astype(np.float32)
    begin = np.array([99_000])
    found = RangeMean(signal).over(begin, begin + 10)
    np.testing.assert_allclose(found, signal[99_000:99_010].mean(dtype=float), atol=1e-7)
