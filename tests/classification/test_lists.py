from __future__ import annotations

import numpy as np
import pytest

from mespot.classification.lists import check_readable, open_lists
from mespot.core.errors import MespotError
from tests.classification.toy_clips import lists, section, write_lists


@pytest.fixture
def folder(tmp_path):
    return write_lists(tmp_path / "clips", kinds=("folder", "picture", "file"))


def places(folder):
    return [folder / f"{split}.txt" for split in ("train", "val", "test")]


def test_lists_share_their_classes(folder):
    found = open_lists(*places(folder), folder, "best")
    assert found.train.classes == found.validation.classes == found.test.classes == 3
    assert not found.tuned


def test_a_training_clip_in_another_list_is_refused(folder):
    line = (folder / "train.txt").read_text().splitlines()[3]
    with (folder / "test.txt").open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(MespotError) as error:
        open_lists(*places(folder), folder, "best")
    text = str(error.value)
    assert "test.txt: line 13" in text and "train.txt, line 4" in text and "\n" not in text


def test_the_best_step_needs_a_list_that_chooses_it(folder):
    with pytest.raises(MespotError, match="expected --val"):
        open_lists(folder / "train.txt", None, None, folder, "best")


def test_published_lists_that_validate_on_the_test_clips_are_called_tuned(folder, caplog):
    train, val, test = places(folder)
    val.write_text(test.read_text())
    assert open_lists(train, val, test, folder, "best").tuned
    assert "12 clips also choose the step" in caplog.text
    assert not open_lists(train, val, test, folder, "last").tuned


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train 0 0\n", ["1 class", "at least 2"]),
        ("train 0 0\ntrain 1.mp4 x\n", ["line 2", "'train 1.mp4 x'"]),
        ("train 0 0\ntrain 1 3\n", ["line 2", "label 1"]),
    ],
)
def test_faulty_lists_are_one_line(folder, text, words):
    (folder / "train.txt").write_text(text)
    with pytest.raises(MespotError) as error:
        open_lists(folder / "train.txt", None, None, folder, "last")
    assert all(word in str(error.value) for word in words) and "\n" not in str(error.value)


@pytest.mark.parametrize("workers", [0, 1])
def test_all_unreadable_clips_are_found_before_the_training(folder, workers, caplog):
    check_readable(lists(folder), section(workers=workers))
    rows = [line.rsplit(maxsplit=1)[0] for line in (folder / "train.txt").read_text().splitlines()]
    video = next(name for name in rows if name.endswith(".mp4"))
    still = next(name for name in rows if name.endswith(".png"))
    (folder / video).write_bytes((folder / video).read_bytes()[:100])
    (folder / still).write_bytes(b"")
    for frame in (folder / rows[0]).iterdir():
        frame.unlink()
    with pytest.raises(MespotError) as error:
        check_readable(lists(folder), section(workers=workers))
    text = str(error.value) + caplog.text
    assert "3 of 45 clips" in str(error.value) and "\n" not in str(error.value)
    assert all(name in text for name in (video, still, rows[0]))


def test_odd_names_and_sizes_are_read(folder):
    from mespot.classification.clip_source import ClipSource

    clip = lists(folder)[0].clips[0]
    pixels = ClipSource(0.0).read(clip, lambda frames: np.array([[0, 0], [1, frames - 1]]))
    assert pixels.shape == (2, 2, 48, 48, 3) and (pixels[0, 0] == pixels[0, 1]).all()
