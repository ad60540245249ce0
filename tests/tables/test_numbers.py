from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mespot.core.errors import MespotError
from mespot.tables.numbers import Numbering

NUMBERS = np.array([5, 6, 9, 10, 11, 15])


def test_columns_of_the_table():
    numbering = Numbering.of(NUMBERS)
    assert (numbering.first, numbering.text) == (5, "7-8;12-14")
    assert Numbering.parse(5, "7-8;12-14") == numbering
    assert Numbering.of(np.array([1, 3, 4])).text == "2"
    assert Numbering.of(np.array([7, 8])).text == ""
    assert Numbering.parse(7, "") == Numbering(7)


def test_numbers_in_gaps_take_a_neighbour():
    numbering = Numbering.of(NUMBERS)
    assert numbering.to_index(np.array([6, 7, 8, 9, 12, 14, 15])).tolist() == [1, 2, 2, 2, 5, 5, 5]
    previous = numbering.to_index(np.array([6, 7, 8, 9, 12, 14, 15]), missing="previous")
    assert previous.tolist() == [1, 1, 1, 2, 4, 4, 5]
    assert numbering.exists(np.arange(4, 16)).tolist() == [n in NUMBERS for n in range(4, 16)]
    assert numbering.to_number(6) == 16 and numbering.to_index(17) == 7


@given(st.sets(st.integers(0, 400), min_size=1, max_size=60))
def test_round_trip_is_exact(numbers):
    numbers = np.array(sorted(numbers))
    numbering = Numbering.parse(int(numbers[0]), Numbering.of(numbers).text)
    index = np.arange(len(numbers))
    assert np.array_equal(numbering.to_number(index), numbers)
    assert np.array_equal(numbering.to_index(numbers), index)
    assert np.array_equal(numbering.to_index(numbers, missing="previous"), index)
    inside = np.setdiff1d(np.arange(numbers[0], numbers[-1]), numbers)
    after = np.searchsorted(numbers, inside)
    assert np.array_equal(numbering.to_index(inside), after)
    assert np.array_equal(numbering.to_index(inside, missing="previous"), after - 1)


@pytest.mark.parametrize("gaps", ["x", "7-", "9-8", "3", "7-8;8", "7,8"])
def test_malformed_gaps_are_refused(gaps):
    with pytest.raises(MespotError, match="expected ascending runs"):
        Numbering.parse(5, gaps)
