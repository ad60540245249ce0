from __future__ import annotations

import cv2
import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.pipeline.index import index
from mespot.tables.load import read_videos


@pytest.fixture
def own(toy):
    """A self-made data set of two folders of frames that are numbered from 1."""
    for name in ("a", "b"):
        folder = toy.root / "raw" / "own" / name
        folder.mkdir(parents=True)
        for number in range(1, 11):
            cv2.imwrite(str(folder / f"{number:03d}.png"), np.full((8, 8), number, np.uint8))
    sets = toy.root / "raw" / "own"
    (sets / "videos.csv").write_text("vid,subject,fps\na,006,25\nb,None,25\n")
    (sets / "events.csv").write_text(
        "vid,type,onset,apex,offset\na,me,2,3,5\nb,mae,4,6,10\nb,macro,1,2,3\n"
    )
    toy.settings(datasets=["own"], data__root="raw")
    return toy


def test_tables_and_record_of_a_data_set(own):
    index("own")
    videos = read_videos(own.artifact("index/own/videos.csv")).set_index("video")
    assert videos["subject"].to_dict() == {"a": "006", "b": "None"}
    assert (videos["frames"] == 10).all() and (videos["first"] == 1).all()
    events = own.table("index/own/events.csv")
    assert events[["video", "onset", "apex", "offset", "type"]].values.tolist() == [
        ["a", 1, 2, 4, "me"], ["b", 0, 1, 2, "mae"], ["b", 3, 5, 9, "mae"],
    ]  # fmt: skip
    assert own.json("runs/index/own/run.json")["metrics"] == {
        "subjects": 2, "videos": 2, "frames": 20, "me": 1, "mae": 2,
    }  # fmt: skip


def test_what_an_earlier_run_left_is_gone(own):
    left = own.artifact("index/own/old.csv")
    left.parent.mkdir(parents=True)
    left.write_text("x")
    index("own")
    assert not left.exists()


def test_a_set_that_is_not_listed_is_one_line(own):
    with pytest.raises(MespotError, match="found 'other', params.yaml lists own"):
        index("other")
    assert not own.artifact("index").exists()


def test_an_unlabelled_set_needs_no_events(own):
    (own.root / "raw/own/events.csv").unlink()
    own.settings(unlabelled=["own"], data__root="raw")
    index("own")
    assert own.table("index/own/events.csv").empty
    assert own.json("runs/index/own/run.json")["metrics"]["videos"] == 2
