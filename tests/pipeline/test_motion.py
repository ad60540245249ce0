from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.pipeline.motion import motion
from tests.pipeline.conftest import SET, write_crops


def test_motion_lies_where_and_when_something_moved(toy):
    write_crops(toy.artifact("faces", SET), "v0", 1)
    motion(SET)
    moved = np.load(toy.artifact("motion", SET, "v0.npy"))
    assert moved.shape == (60, 24, 24, 2) and moved.dtype == np.int16
    size = np.abs(moved).sum(axis=(1, 2, 3))
    assert size[20:30].min() > 3 * size[:18].max()
    busiest = np.unravel_index(np.abs(moved[20:30]).sum(axis=(0, 3)).argmax(), (24, 24))
    assert 12 <= busiest[0] <= 17 and 2 <= busiest[1] <= 10  # the bar: rows 36-44, columns 11-25
    assert toy.json("runs", "motion", SET, "run.json")["metrics"] == {"videos": 1}


def test_networks_that_see_pictures_need_none(toy):
    toy.settings(pretrain__input="flow", pretrain__model="lgi_former_tiny_64")
    write_crops(toy.artifact("faces", SET), "v0", 1)
    motion(SET)
    assert [path.name for path in toy.artifact("motion", SET).iterdir()] == []


def test_without_crops_the_stage_before_is_named(toy):
    with pytest.raises(MespotError, match=f"mespot preprocess -d {SET}"):
        motion(SET)
