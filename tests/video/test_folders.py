from __future__ import annotations

import os

import pytest

from mespot.core.errors import MespotError
from mespot.video.folders import NoFrames, frame_files, picture_folders, walk
from tests.datasets import official


def test_frames_are_ordered_by_their_number(tmp_path):
    names = ["img10.jpg", "img9.JPG", "img2.jpeg", "006_1_11.jpg"]
    official.write_frames(tmp_path, names, b"")
    found, numbers = frame_files(tmp_path)
    assert found == ["img2.jpeg", "img9.JPG", "img10.jpg", "006_1_11.jpg"]
    assert numbers.tolist() == [2, 9, 10, 11]


def test_strays_are_no_frames(tmp_path):
    frames = [f"img{number}.jpg" for number in range(1, 6)]
    strays = ["Thumbs.db", ".DS_Store", "._img3.jpg", "img3.png", "cover.jpg", "7.txt", "8.jpg.tmp"]
    official.write_frames(tmp_path, frames + strays, b"")
    assert frame_files(tmp_path)[0] == frames


def test_unclear_folders_are_named(tmp_path):
    with pytest.raises(NoFrames, match="found no frame"):
        frame_files(tmp_path)
    official.write_frames(tmp_path, ["img1.jpg", "img001.jpg"], b"")
    with pytest.raises(MespotError, match="img001.jpg and img1.jpg have the same number"):
        frame_files(tmp_path)
    official.write_frames(tmp_path / "long", ["9" * 30 + ".jpg"], b"")
    with pytest.raises(MespotError, match="found a file number of 30 digits, expected at most 18"):
        frame_files(tmp_path / "long")
    with pytest.raises(MespotError, match="cannot be read"):
        frame_files(tmp_path / "none")


def test_the_walk_stays_out_of_leaves_and_foreign_folders(tmp_path):
    for folder in ("a/leaf/in", "__MACOSX/a/leaf", ".hidden", "@eaDir"):
        (tmp_path / folder).mkdir(parents=True)
    found = [os.path.relpath(entry.path, tmp_path) for entry in walk(tmp_path, "leaf".__eq__)]
    assert found == ["a", "a/leaf"]


def test_folders_of_pictures_beside_the_leaves(tmp_path):
    official.write_frames(tmp_path / "data/006_1", ["1.jpg"], b"")
    official.write_frames(tmp_path / "data/new", ["1.jpg", "2.jpg"], b"")
    official.write_frames(tmp_path / "data/text", ["1.txt"], b"")
    assert picture_folders(tmp_path, "006_1".__eq__) == ["data/new"]
