from __future__ import annotations

import sys

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.video.video_list import VideoList
from tests.video import videos


def made(folder, text):
    path = folder / "list.txt"
    path.write_text(text, encoding="utf-8")
    return VideoList(path)


def test_names_come_with_and_without_labels_suffixes_and_line_ends(tmp_path):
    found = made(tmp_path, "\ufeffa/b 1.mp4 0\r\n\n  \nc/d\ne.avi\t12\nid1/00001 0")
    names = [found.name(row) for row in range(len(found))]
    assert names == ["a/b 1.mp4", "c/d", "e.avi", "id1/00001"]
    paths = [found.path(row) for row in range(4)]
    expected = ["a/b 1.mp4", "c/d.mp4", "e.avi", "id1/00001.mp4"]
    assert paths == [tmp_path / name for name in expected]


def test_an_absolute_path_stays(tmp_path):
    assert made(tmp_path, "/data/x.mp4\n").path(0).as_posix() == "/data/x.mp4"


@pytest.mark.parametrize("text", ["", "\n \n\n"])
def test_an_empty_list_is_one_line(tmp_path, text):
    with pytest.raises(MespotError, match="list.txt: found an empty list, expected one video"):
        made(tmp_path, text)


def test_a_list_that_is_gone_or_no_text(tmp_path):
    with pytest.raises(MespotError, match="none.txt: cannot be read"):
        VideoList(tmp_path / "none.txt")
    (tmp_path / "list.txt").write_bytes(b"a.mp4\n\xff\xfe.mp4\n")
    with pytest.raises(MespotError, match="line at byte 6: found bytes that are no UTF-8"):
        VideoList(tmp_path / "list.txt").name(1)


def test_an_order_takes_each_video_once_and_follows_the_generator(tmp_path):
    found = made(tmp_path, "".join(f"{row}.mp4\n" for row in range(50)))
    one, again = (found.order(np.random.default_rng(3)) for _ in range(2))
    assert sorted(one) == list(range(50)) and (one == again).all()
    assert (one != found.order(np.random.default_rng(4))).any()


def test_a_reader_gives_the_frames_of_the_file(tmp_path):
    videos.write_video(tmp_path / "a.mp4")
    reader = made(tmp_path, "a 0\n").open(0)
    assert reader.clock.frames == 48
    assert videos.numbers(reader.read(np.array([40, 3]))) == [40, 3]


def test_a_name_costs_its_bytes_and_eight_more(tmp_path):
    text = "".join(f"id{row:05d}/abcdefghijk/00001.mp4 0\n" for row in range(20_000))
    found = made(tmp_path, text)
    held = sum(sys.getsizeof(value) for value in vars(found).values())
    held += found._lines.base.nbytes if found._lines.base is not None else 0
    assert held < len(text) + 8 * 20_000 + 2_000
