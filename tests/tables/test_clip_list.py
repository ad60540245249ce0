from __future__ import annotations

import pytest

from mespot.core.errors import MespotError
from mespot.datasets.clip_sets import find_lists
from mespot.datasets.index import build_index
from mespot.params import load_params
from mespot.tables.clip_list import read_clip_list, read_clip_lists
from mespot.tables.load import read_videos
from tests.datasets.official import COLOUR, write_frames
from tests.video.videos import write_video

DATA = load_params().data


@pytest.fixture
def root(tmp_path):
    """A set with a folder of frames, one with spaces in its name, a still and a video file."""
    root = tmp_path / "dfew"
    write_frames(root / "jpg/00002", ["1.jpg", "2.jpg", "10.jpg"], COLOUR)
    write_frames(root / "jpg/a b, c", ["1.jpg"], COLOUR)
    write_frames(root / "still", ["7.png"], b"never opened")
    (root / "mp4").mkdir()
    (root / "mp4" / "x.mp4").write_bytes(b"never opened")
    return root


def write(root, text, name="train.txt"):
    (root / name).write_text(text, encoding="utf-8")
    return root / name


def test_kinds_labels_and_places(root):
    path = write(
        root,
        f"\ufeffjpg/00002 2\r\n\r\njpg/a b, c\t0\nstill/7.png   1\n{root}/mp4/x.mp4 1\n",
        "train_fd1.txt",
    )
    found = read_clip_list(path, root)
    assert [(clip.kind, clip.label, clip.line) for clip in found.clips] == [
        ("folder", 2, 1), ("folder", 0, 3), ("picture", 1, 4), ("file", 1, 5),
    ]  # fmt: skip
    assert found.clips[1].path == root / "jpg" / "a b, c"
    assert (found.split, found.classes, found.names) == ("train", 3, ())


def test_the_suffix_of_a_video_may_be_left_out(root):
    assert read_clip_list(write(root, "mp4/x 0\n"), root).clips[0].path.name == "x.mp4"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jpg/00002,0\n", "line 1: found 'jpg/00002,0', expected `<path> <label>`, a space or tab"),
        ("jpg/00002;0\n", "line 1: found 'jpg/00002;0', expected `<path> <label>`"),
        ("jpg/a b;0\n", "line 1: found 'jpg/a b;0', expected `<path> <label>`"),
        ("path label\n", "line 1: found 'path label', expected `<path> <label>`"),
        ("jpg/00002\n", "line 1: found 'jpg/00002', expected"),
        ("jpg/00002 0\nstill/7.png 1.5\n", "line 2: found 'still/7.png 1.5', expected"),
        ("jpg/00002 -1\n", "line 1: found 'jpg/00002 -1', expected"),
        ("jpg/00002 happy\n", "line 1: found 'jpg/00002 happy', expected"),
        ("../other 0\n", "line 1: found '../other', expected a path inside"),
        ("jpg/../../x 0\n", "line 1: found 'jpg/../../x', expected a path inside"),
        ("/etc/passwd 0\n", "line 1: found '/etc/passwd', expected a path inside"),
        (". 0\n", "line 1: found '.', expected a path inside"),
        ("jpg/9 0\n", "jpg/9 is not there, expected the clip 'jpg/9'"),
        ("jpg/00002 0\njpg/9 1\n", "line 2: "),
        ("jpg/00002 0\n\njpg/./00002 0\n", "line 3: found 'jpg/./00002' again after line 1"),
        ("jpg/00002 0\nstill/7.png 2\n", "line 2: found label 2 but no clip of label 1"),
        ("jpg/00002 1\n", "line 1: found label 1 but no clip of label 0"),
        ("train.txt 0\n", "line 1: found 'train.txt', expected a folder of frames, a picture or"),
        ("\n \n", "found an empty list, expected"),
    ],
)
def test_a_faulty_line_is_named(root, text, message):
    path = write(root, text)
    with pytest.raises(MespotError) as caught:
        read_clip_list(path, root)
    assert message in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_list(root):
    for name, content in (("train.txt", b"\xff\xfe\x00a 0"), ("train.txt", b"PK\x03\x04\x92 0")):
        (root / name).write_bytes(content)
        with pytest.raises(MespotError, match=r"train.txt.*found"):
            read_clip_list(root / name, root)
    with pytest.raises(MespotError, match="none.txt: cannot be read"):
        read_clip_list(root / "none.txt", root)


def test_class_names(root):
    path = write(root, "jpg/00002 2\n")
    write(root, "happy\nsad\nneutral\nangry\n", "labels.txt")
    found = read_clip_list(path, root)
    assert (found.classes, found.names[2]) == (4, "neutral")
    write(root, "jpg/00002 4\n")
    with pytest.raises(MespotError, match="line 1: found label 4, expected 0 to 3, labels.txt"):
        read_clip_list(path, root)


def test_lists_of_one_set_share_their_classes(root):
    train = write(root, "jpg/00002 0\njpg/a b, c 1\nstill/7.png 2\n")
    test = write(root, "mp4/x.mp4 2\n", "test.txt")
    with pytest.raises(MespotError, match="no clip of label 0"):
        read_clip_list(test, root)
    lists = read_clip_lists([train, test], root)
    assert [(one.split, one.classes, len(one.clips)) for one in lists] == [
        ("train", 3, 3), ("test", 3, 1),
    ]  # fmt: skip


def test_lists_are_found_without_walking_frames(root):
    for name in ("train.txt", "labels.txt", "README.txt", "data/split01/test.csv", "meta.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write(root, "x 0\n", name)
    (root / "jpg/00002" / "note.txt").write_text("a note among frames")
    names = sorted(path.relative_to(root).as_posix() for path in find_lists(root))
    assert names == ["data/split01/test.csv", "train.txt"]


def test_as_data_set_for_pretraining(root, caplog):
    write_video(root / "mp4" / "x.mp4", 6)
    (root / "mp4" / "broken.mp4").write_bytes(b"no video")
    write(root, "jpg/00002 0\nstill/7.png 1\nmp4/x.mp4 1\nmp4/broken.mp4 0\n")
    write(root, "jpg/00002 0\njpg/a b, c 1\n", "test.txt")
    write(root, "jpg/00002 0\njpg/a b, c 1\n", "val.txt")
    with caplog.at_level("INFO"):
        build_index("dfew", root.parent, root.parent / "out", DATA)
    videos = read_videos(root.parent / "out" / "videos.csv")
    assert videos["video"].tolist() == ["jpg__00002", "jpg__a b, c", "mp4__x"]
    assert videos["subject"].tolist() == videos["video"].tolist()
    assert videos["frames"].tolist() == [3, 1, 6]
    assert videos["fps"].tolist() == [DATA.clips.fps, DATA.clips.fps, 25.0]
    assert "1 stills are left out" in caplog.text and "broken.mp4" in caplog.text


def test_a_set_without_lists(root):
    with pytest.raises(MespotError, match="dfew: found no list of clips, expected train.txt"):
        build_index("dfew", root.parent, root.parent / "out", DATA)
