from __future__ import annotations

import numpy as np

from mespot.slices.gate import Gate

TIME = np.arange(0.0, 10.0, 0.1)


def gate(moment, least=5.0):
    """Evidence of 6 at one moment, seconds, and none elsewhere."""
    return Gate(TIME, np.where(np.isclose(TIME, moment), 6.0, 1.0), least)


def test_a_slice_opens_within_half_its_length_of_the_evidence():
    start = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    # of slices of 2 s those that reach from 1 s before to 1 s after the moment at 5 s
    assert start[gate(5.0).open(start, 2.0)].tolist() == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert start[gate(5.0).open(start, 1.0)].tolist() == [4.0, 5.0]
    # both flanks, and not a bit farther
    near = np.array([3.49, 3.51, 5.49, 5.51])
    assert gate(5.0).open(near, 1.0).tolist() == [False, True, True, False]


def test_evidence_counts_from_the_limit_on():
    start = np.array([4.5])
    assert gate(5.0, 6.0).open(start, 1.0).all()
    assert not gate(5.0, 6.1).open(start, 1.0).any()
    assert gate(5.0, 0.0).open(np.array([0.0, 9.0]), 1.0).all()


def test_a_slice_without_any_sample_nearby_is_closed():
    assert not gate(5.0, 0.5).open(np.array([20.0, -20.0]), 1.0).any()
